//! The transport over which a remote is reached.

use tokio::task::AbortHandle;

use crate::http::Target;

/// How messages reach the remote.
#[derive(Clone, Debug)]
pub enum Transport {
    /// Streamable HTTP, from 2025-03-26 on.
    StreamableHttp,
    /// HTTP+SSE of 2024-11-05.
    HttpSse {
        /// Where messages are posted.
        endpoint: Target,
        /// Ends the task that reads the stream.
        stream_task: AbortHandle,
    },
}

impl Transport {
    /// Its name in messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::StreamableHttp => "Streamable HTTP",
            Self::HttpSse { .. } => "HTTP+SSE",
        }
    }
}

#[cfg(test)]
impl Transport {
    /// HTTP+SSE with this endpoint, and with a stream that delivers nothing.
    pub fn silent_stream(endpoint: &url::Url) -> Self {
        let stream_task = tokio::spawn(std::future::pending::<()>()).abort_handle();
        let endpoint = Target::new(endpoint.clone()).expect("it can be requested");
        Self::HttpSse { endpoint, stream_task }
    }
}
