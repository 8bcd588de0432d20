//! The application in each framework.

pub(crate) mod actix;
pub(crate) mod axum;
pub(crate) mod poem;
pub(crate) mod rocket;
pub(crate) mod salvo;
pub(crate) mod warp;
