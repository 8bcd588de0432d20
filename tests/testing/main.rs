//! The test browser, held to the Fetch standard step by step.
#![cfg(feature = "testing")]

mod agreement;
mod console;
mod cookies;
mod cors_check;
mod deviations;
mod filtering;
mod initiators;
mod intended;
mod layers;
mod messages;
mod modes;
mod network;
mod options;
mod preflight;
mod preflight_cache;
mod protected;
mod recorded;
mod recorded_client;
mod redirects;
mod safe;
mod safe_layers;
mod safelist;
mod sent;
mod support;
mod wpt;
