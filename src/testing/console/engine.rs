//! The engines whose messages are known.

use std::fmt;

use crate::testing::profile::Profile;

/// An engine of browsers, whose console prints a message when it blocks a response.
///
/// The messages are those of Chromium 156, Firefox ESR 153.8 and WebKitGTK 2.50.6, in English.
///
/// ```
/// use tower_cors::testing::{Browser, Engine};
///
/// let mut page = Browser::at("https://app.example.com").like(Engine::Firefox.profile());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Engine {
    /// Chrome, Edge, Opera and other browsers with Chromium's engine.
    Chromium,
    /// Firefox.
    Firefox,
    /// Safari and other browsers with WebKit's engine.
    WebKit,
}

impl Engine {
    /// All engines.
    pub const ALL: [Self; 3] = [Self::Chromium, Self::Firefox, Self::WebKit];

    /// Returns how the engine is known to differ from the standard.
    pub fn profile(self) -> Profile {
        match self {
            Self::Chromium => Profile::chromium(),
            Self::Firefox => Profile::firefox(),
            Self::WebKit => Profile::webkit(),
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
