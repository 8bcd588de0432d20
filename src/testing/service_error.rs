//! The text of a service that fails.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::escaped::EscapedAnswer;

/// The error of a service. Its text has all causes.
#[derive(Clone, Debug)]
pub(super) struct ServiceError(pub(super) Arc<dyn Error + Send + Sync>);

impl ServiceError {
    pub(super) fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Arc::from(error.into()))
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.0.to_string();
        let mut cause = self.0.source();
        while let Some(error) = cause {
            let told = error.to_string();
            // Some errors have the text of their cause in theirs.
            if !text.contains(&told) {
                text = format!("{text}: {told}");
            }
            cause = error.source();
        }
        write!(f, "{}", EscapedAnswer(text.as_bytes()))
    }
}
