//! An overview of a product for people: its title and its tools. Nothing is served.

use super::options::MockOptions;
use super::product_name::ProductName;
use super::products;

/// The overview of a product.
#[derive(Clone, Debug)]
pub struct Overview {
    /// Its name for people.
    pub title: String,
    /// The names of its tools, in its own order.
    pub tools: Vec<String>,
}

impl Overview {
    /// Returns the overview of this product with new data.
    pub fn of(product: ProductName) -> Self {
        let options = MockOptions { product, ..MockOptions::default() };
        let product = products::open(&options).expect("only a data file can be invalid");
        let tools = product.tools().iter().map(|tool| tool.name.to_string()).collect();
        Self { title: product.profile().title.to_owned(), tools }
    }
}
