//! The browsers, and what each makes of the same answers.

use bytes::Bytes;
use clap::ValueEnum;
use http::header::{ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN};
use http::{HeaderMap, HeaderName, Request, Response};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tower_cors::testing::{Deviation, Outcome, Profile, ResponseType};
use tower_service::Service;

use crate::fetch::{Page, page_fetches};
use crate::network::{Network, NetworkError, is_preflight};
use crate::text::listed;

/// A browser engine, or the standard.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Engine {
    /// Chrome, Edge
    Chromium,
    Firefox,
    /// Safari
    Webkit,
    /// The Fetch standard
    Standard,
}

impl Engine {
    const ALL: [Self; 4] = [Self::Chromium, Self::Firefox, Self::Webkit, Self::Standard];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Chromium => "Chromium",
            Self::Firefox => "Firefox",
            Self::Webkit => "WebKit (Safari)",
            Self::Standard => "the Fetch standard",
        }
    }

    /// The engine whose messages are known; none for the standard.
    pub(crate) fn console(self) -> Option<tower_cors::testing::Engine> {
        match self {
            Self::Chromium => Some(tower_cors::testing::Engine::Chromium),
            Self::Firefox => Some(tower_cors::testing::Engine::Firefox),
            Self::Webkit => Some(tower_cors::testing::Engine::WebKit),
            Self::Standard => None,
        }
    }

    pub(crate) fn profile(self) -> Profile {
        match self {
            // With a window it sends cookies of other sites.
            Self::Chromium => Profile::chromium().without(Deviation::BlocksThirdPartyCookies),
            Self::Firefox => Profile::firefox(),
            Self::Webkit => Profile::webkit(),
            Self::Standard => Profile::standard(),
        }
    }
}

/// What another engine makes of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Difference {
    /// None if it is about all of them.
    pub(crate) engine: Option<Engine>,
    pub(crate) what: String,
}

impl Difference {
    pub(crate) fn sentence(&self) -> String {
        match self.engine {
            Some(engine) => format!("{} {}", engine.name(), self.what),
            None => self.what.clone(),
        }
    }
}

/// Returns the engines that differ from the chosen one.
///
/// They get the answers that the chosen one got. Only a preflight that the chosen one did not send is sent.
pub(crate) async fn differences(
    page: &Page,
    engine: Engine,
    outcome: &Outcome<()>,
    network: &Network,
) -> Vec<Difference> {
    let mut differences = Vec::new();
    for other in Engine::ALL.into_iter().filter(|&other| other != engine) {
        let mut replay = Replay::of(outcome, network.clone());
        let replayed = page_fetches(page, other, &mut replay).await;
        let is_asked = replay.is_all_asked();
        differences.extend(
            difference(outcome, &replayed, is_asked).map(|what| Difference {
                engine: Some(other),
                what,
            }),
        );
    }
    differences.extend(cache_difference(outcome));
    differences
}

fn difference(chosen: &Outcome<()>, other: &Outcome<()>, is_asked: bool) -> Option<String> {
    let preflights = |outcome: &Outcome<()>| {
        outcome
            .exchanges()
            .iter()
            .filter(|exchange| exchange.is_preflight())
            .count()
    };
    let preflight = match (preflights(chosen), preflights(other)) {
        (0, 1..) => " after a preflight, which it needs",
        (1.., 0) => " without a preflight, which it does not need",
        _ => "",
    };
    if !is_asked {
        return Some(format!(
            "sends the request{preflight}; what its page gets depends on the response, which was not asked for"
        ));
    }
    let is_same =
        chosen.blocked() == other.blocked() && chosen.response_type() == other.response_type();
    match other.blocked() {
        _ if is_same && preflight.is_empty() => None,
        Some(blocked) => Some(format!("blocks it{preflight}: {blocked}")),
        None if other.response_type() == ResponseType::Error => None,
        None => Some(format!("lets the page read the response{preflight}")),
    }
}

/// How long each engine keeps the response to the preflight, if it is asked to keep it for longer than one of them does.
fn cache_difference(outcome: &Outcome<()>) -> Option<Difference> {
    if outcome.blocked().is_some() {
        return None;
    }
    let headers = outcome.preflight()?.response_headers()?;
    let asked = headers
        .get(http::header::ACCESS_CONTROL_MAX_AGE)?
        .to_str()
        .ok()?
        .parse::<u64>()
        .ok()?;
    let engines = [Engine::Chromium, Engine::Firefox, Engine::Webkit];
    let kept = engines.map(|engine| {
        let limit = engine
            .profile()
            .max_age_limit()
            .map_or(asked, |limit| limit.as_secs());
        (engine, asked.min(limit))
    });
    if kept.iter().all(|&(_, seconds)| seconds == asked) {
        return None;
    }
    let kept = kept.map(|(engine, seconds)| format!("{} {seconds} s", engine.name()));
    Some(Difference {
        engine: None,
        what: format!(
            "The response to the preflight asks to be kept for {asked} s. It is kept for: {}",
            listed(&kept)
        ),
    })
}

/// The answers that one engine got, for another.
#[derive(Clone)]
struct Replay {
    answers: Arc<Vec<(Asked, Option<Response<()>>)>>,
    network: Network,
    is_all_asked: Arc<Mutex<bool>>,
}

/// What an answer depends on.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Asked {
    method: String,
    url: String,
    headers: Vec<Vec<u8>>,
}

impl Asked {
    fn of(method: &str, url: &str, headers: &HeaderMap) -> Self {
        let names: [HeaderName; 3] = [
            ORIGIN,
            ACCESS_CONTROL_REQUEST_METHOD,
            ACCESS_CONTROL_REQUEST_HEADERS,
        ];
        Self {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: names
                .iter()
                .map(|name| {
                    headers
                        .get(name)
                        .map(|value| value.as_bytes().to_vec())
                        .unwrap_or_default()
                })
                .collect(),
        }
    }
}

impl Replay {
    fn of(outcome: &Outcome<()>, network: Network) -> Self {
        let answers = outcome.exchanges().iter().map(|exchange| {
            let asked = Asked::of(
                exchange.method(),
                exchange.url(),
                exchange.request_headers(),
            );
            let answer =
                exchange
                    .status()
                    .zip(exchange.response_headers())
                    .map(|(status, headers)| {
                        let mut response = Response::new(());
                        *response.status_mut() = status;
                        *response.headers_mut() = headers.clone();
                        response
                    });
            (asked, answer)
        });
        Self {
            answers: Arc::new(answers.collect()),
            network,
            is_all_asked: Arc::new(Mutex::new(true)),
        }
    }

    fn is_all_asked(&self) -> bool {
        *self
            .is_all_asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service<Request<Bytes>> for Replay {
    type Response = Response<()>;
    type Error = NetworkError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<()>, NetworkError>>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NetworkError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let asked = Asked::of(
            request.method().as_str(),
            &request.uri().to_string(),
            request.headers(),
        );
        let known = self.answers.iter().find(|(other, _)| *other == asked);
        match known.map(|(_, answer)| answer.clone()) {
            Some(Some(answer)) => Box::pin(async { Ok(answer) }),
            Some(None) => Box::pin(async { Err(NetworkError::NotAsked) }),
            None if is_preflight(&request) => {
                let mut network = self.network.clone();
                Box::pin(async move { network.call(request).await })
            }
            None => {
                *self
                    .is_all_asked
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = false;
                Box::pin(async { Err(NetworkError::NotAsked) })
            }
        }
    }
}
