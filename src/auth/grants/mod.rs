//! The grants, one file each, and revocation. `token_endpoint` sends their requests.

pub(crate) mod authorization_code;
pub(crate) mod authorization_response;
pub(crate) mod client_credentials;
pub(crate) mod device_code;
pub(crate) mod device_poll;
pub(crate) mod jwt_bearer;
pub(crate) mod pushed_request;
pub(crate) mod redemption;
pub(crate) mod refresh_job;
pub(crate) mod revocation;
pub(crate) mod token;
pub(crate) mod token_answer;
pub(crate) mod token_endpoint;
pub(crate) mod token_exchange;
pub(crate) mod user_parameters;
pub(crate) mod workload;
