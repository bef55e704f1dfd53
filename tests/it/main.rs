//! One integration binary; a module per topic.
