//! Browsers: a page in each, with the engine's preflight cache.
//!
//! There are too many pages for a [`tower_cors::testing::Browser`] each, so a page keeps one number. The limits are those of
//! its profiles.

use http::HeaderMap;
use http::header::ACCESS_CONTROL_MAX_AGE;
use tower_cors::testing::Profile;

use crate::random::{fraction, mix};
use crate::time::{Nanos, seconds};

/// The share of each engine's pages, about as of 2025: <https://gs.statcounter.com/browser-market-share>.
const SHARES: [(f64, fn() -> Profile); 3] = [
    (0.78, Profile::chromium),
    (0.19, Profile::webkit),
    (0.03, Profile::firefox),
];

/// The time in seconds for which browsers keep an answer without `Access-Control-Max-Age`:
/// <https://fetch.spec.whatwg.org/#cors-preflight-fetch>.
const DEFAULT_MAX_AGE: f64 = 5.0;

/// Pages, and until when each may send what a preflight allowed.
#[derive(Debug)]
pub struct Pages {
    permitted_until: Vec<Nanos>,
    /// The longest time that each engine keeps an answer.
    limits: [Nanos; SHARES.len()],
}

impl Pages {
    /// Creates pages without permission.
    pub fn new(pages: usize) -> Self {
        Self {
            permitted_until: vec![0; pages],
            limits: SHARES.map(|(_, profile)| {
                let limit = profile().max_age_limit();
                limit.map_or(Nanos::MAX, |limit| seconds(limit.as_secs_f64()))
            }),
        }
    }

    /// Returns the index of the page's engine: Chromium, WebKit or Firefox.
    pub fn engine(page: usize) -> usize {
        let mut share = fraction(mix(page as u64 ^ 0x5eed));
        SHARES
            .iter()
            .position(|(engine, _)| {
                share -= engine;
                share < 0.0
            })
            .unwrap_or(0)
    }

    /// Returns whether the page may send without a preflight.
    pub fn is_permitted(&self, page: usize, now: Nanos) -> bool {
        now < self.permitted_until[page]
    }

    /// Keeps the answer to a preflight, which arrives now.
    pub fn keep(&mut self, page: usize, answer: &HeaderMap, now: Nanos) {
        let max_age = answer.get(ACCESS_CONTROL_MAX_AGE);
        let max_age = max_age.and_then(|value| value.to_str().ok()?.parse().ok());
        let max_age = seconds(max_age.unwrap_or(DEFAULT_MAX_AGE));
        let limit = self.limits[Self::engine(page)];
        self.permitted_until[page] = now + max_age.min(limit);
    }
}
