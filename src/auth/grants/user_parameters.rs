//! The user's own parameters of requests to the authorization server (`--authorize-param`). They
//! replace ours of the same name. Which names are refused is decided in `settings`.

use crate::auth::options::AuthOptions;

/// See the module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UserParameters<'a>(&'a [(String, String)]);

impl<'a> UserParameters<'a> {
    /// Those of these options.
    pub(crate) fn of(options: &'a AuthOptions) -> Self {
        Self(&options.authorize_params)
    }

    /// Whether the user gives this parameter.
    pub(crate) fn contain(self, name: &str) -> bool {
        self.0.iter().any(|(own, _)| own == name)
    }

    /// Our value of this parameter; `None` if the user's takes its place.
    pub(crate) fn ours<T>(self, name: &str, value: Option<T>) -> Option<T> {
        value.filter(|_| !self.contain(name))
    }

    /// Their names and values.
    pub(crate) fn pairs(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}
