//! The products that the mock can play, one folder each, and the function that opens one. A product
//! uses only the interface in `product`, and no other product.

mod conformance;
mod egrow;
mod lab;
mod launchmystore;
mod pelcro;

use conformance::Conformance;
use egrow::Egrow;
use lab::Lab;
use launchmystore::LaunchMyStore;
use pelcro::{Deployment, Pelcro};

use crate::options::MockOptions;
use crate::product::MockProduct;
use crate::product_name::ProductName;
use crate::stored_data::DataFileError;

/// Opens the product that `options` name, with its data.
///
/// # Errors
/// The data file cannot be read or written.
pub(crate) fn open(options: &MockOptions) -> Result<Box<dyn MockProduct>, DataFileError> {
    Ok(match options.product {
        ProductName::Lab => Box::new(Lab::new()),
        ProductName::Conformance => Box::new(Conformance::new()),
        ProductName::Egrow => Box::new(Egrow::open(options)?),
        ProductName::LaunchMyStore => Box::new(LaunchMyStore::open(options)?),
        ProductName::Pelcro => Box::new(Pelcro::open(options, Deployment::Production)?),
        ProductName::PelcroStaging => Box::new(Pelcro::open(options, Deployment::Staging)?),
    })
}
