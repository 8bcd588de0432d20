//! The time of the cache.

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub(crate) use std::time::Instant;

// There `Instant::now` of the standard library panics.
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub(crate) use web_time::Instant;

/// Returns the time since 1970, by the system's clock.
#[cfg(feature = "metrics")]
pub(crate) fn unix_time() -> std::time::Duration {
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
    use std::time::{SystemTime, UNIX_EPOCH};
    #[cfg(all(target_family = "wasm", target_os = "unknown"))]
    use web_time::{SystemTime, UNIX_EPOCH};

    // A clock that is set to before 1970 counts as 1970.
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}
