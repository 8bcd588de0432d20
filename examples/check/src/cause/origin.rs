//! Why the CORS check fails.

use http::StatusCode;
use http::header::{ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, AGE, VARY};
use tower_cors::testing::CorsCheck;

use super::{Cause, Reading, in_words};
use crate::advice::{Need, Server};

impl Reading<'_> {
    pub(super) fn cors_check(&self, check: CorsCheck) -> Cause {
        let need = self.whole_need();
        if let Some(from) = self.redirected_from()
            && need.origin.is_some()
        {
            return self.after_redirect(from);
        }
        match check {
            CorsCheck::AllowOriginMissing => self.allow_origin_missing(need),
            CorsCheck::AllowOriginRepeated => self.repeated(),
            CorsCheck::AllowOriginWildcard => self.because(
                format!(
                    "{} has `Access-Control-Allow-Origin: *`, which browsers do not accept for requests with credentials.",
                    self.answer()
                ),
                "Name the origin instead of `*`, or send the request without credentials (in `fetch()` leave out \
                 `credentials: \"include\"`).",
                Need { vary: true, ..need },
            ),
            CorsCheck::AllowOriginDiffers => self.differs(need),
            CorsCheck::AllowCredentialsMissing | CorsCheck::AllowCredentialsNotTrue => self.because(
                match self.header(&ACCESS_CONTROL_ALLOW_CREDENTIALS) {
                    None => format!(
                        "{} allows the origin, but not with credentials: Access-Control-Allow-Credentials is missing.",
                        self.answer()
                    ),
                    Some(value) => format!(
                        "{} has `Access-Control-Allow-Credentials: {value}`; only `true`, in lower case and once, counts.",
                        self.answer()
                    ),
                },
                "Allow credentials for this origin, if its pages may act as their users; otherwise send the request without.",
                need,
            ),
            _ => self.because(in_words(self.outcome), "Allow the origin.", need),
        }
    }

    pub(super) fn allow_origin_missing(&self, need: Need) -> Cause {
        let status = self.status();
        let origin = self.origin();
        let is_error = status.is_client_error() || status.is_server_error();
        if is_error && !self.varies_on_origin() {
            return self.no_cors_error(need);
        }
        if origin == "null" {
            return self.because(
                format!(
                    "{} does not allow the origin `null`, which a sandboxed frame, a file or a `data:` URL has.",
                    self.answer()
                ),
                "Give the page an origin of its own: serve it over https, or add `allow-same-origin` to the frame's `sandbox`. \
                 Do not allow `null`: any page can have it.",
                Need::default(),
            );
        }
        if self.varies_on_origin() {
            return Cause {
                code: "origin-not-allowed".to_owned(),
                ..self.because(
                    format!("{} depends on the origin (`Vary: Origin`), and this origin is not allowed.", self.answer()),
                    format!("Add exactly `{origin}` to the origins that the server allows: scheme, host and port."),
                    need,
                )
            };
        }
        let was_allowed = !self.exchange.is_preflight() && self.outcome.preflight().is_some();
        let sentence = if was_allowed {
            "The preflight is allowed, but the response to the request itself has no CORS headers."
                .to_owned()
        } else {
            format!("{} has no CORS headers.", self.answer())
        };
        self.because(
            sentence,
            format!("Let the server allow the origin `{origin}`."),
            need,
        )
    }

    /// An error without CORS headers: something answered before the CORS layer.
    pub(super) fn no_cors_error(&self, need: Need) -> Cause {
        let status = self.status();
        let is_preflight = self.exchange.is_preflight();
        let by = match status {
            StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::PROXY_AUTHENTICATION_REQUIRED => "authentication",
            StatusCode::NOT_FOUND
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::NOT_IMPLEMENTED => "the router",
            StatusCode::TOO_MANY_REQUESTS => "the rate limit",
            StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => "a proxy",
            _ if status.is_server_error() => "the handler of errors",
            _ => "something else",
        };
        let adds = match Server::named(&self.headers()).contains(&Server::Nginx) {
            true => "nginx adds the headers to success only, because `always` is missing",
            false => "the server adds the headers to success only",
        };
        let sentence = if is_preflight {
            format!(
                "The preflight is answered with {status} and without CORS headers: probably {by} answered it before a CORS layer could."
            )
        } else {
            format!(
                "The response is {status} and has no CORS headers: probably {by} answered before a CORS layer could, or {adds}. The page does not see the status either."
            )
        };
        let change = match (is_preflight, by) {
            (true, "authentication") => {
                "Let the server answer OPTIONS before authentication, because a browser sends no cookies and no Authorization with it."
            }
            (true, "the router") => {
                "Let the server answer OPTIONS for this URL; or check the URL, if there is nothing at it."
            }
            (true, _) => "Let the CORS layer answer OPTIONS before everything else.",
            (false, _) => {
                "Add the CORS headers to errors too: put the CORS layer outside everything that answers. Then fix the error itself."
            }
        };
        self.because(
            sentence,
            change,
            Need {
                preflight: is_preflight,
                errors: !is_preflight,
                ..need
            },
        )
    }

    pub(super) fn repeated(&self) -> Cause {
        let headers = self.headers();
        let lines = headers.get_all(ACCESS_CONTROL_ALLOW_ORIGIN).iter().count();
        let value = self
            .header(&ACCESS_CONTROL_ALLOW_ORIGIN)
            .unwrap_or_default();
        let (sentence, change) = if lines > 1 {
            (
                format!(
                    "{} has Access-Control-Allow-Origin {lines} times.",
                    self.answer()
                ),
                "Two places add it, such as a proxy and the server behind it. Remove it in one of them; `--via` and `--direct` \
                 show which adds it.",
            )
        } else {
            (
                format!(
                    "{} has more than one value in Access-Control-Allow-Origin: `{value}`.",
                    self.answer()
                ),
                "The header holds one origin. Compare the request's `Origin` with the list, and send back the one that is equal.",
            )
        };
        let need = Need {
            once: lines > 1,
            origin: (lines == 1).then(|| self.origin()),
            ..Need::default()
        };
        self.because(sentence, change, need)
    }

    pub(super) fn differs(&self, need: Need) -> Cause {
        let value = self
            .header(&ACCESS_CONTROL_ALLOW_ORIGIN)
            .unwrap_or_default();
        let origin = self.origin();
        let without_slash = value.trim_end_matches('/');
        let headers = self.headers();
        let is_cached = headers.contains_key(AGE)
            || ["x-cache", "cf-cache-status", "x-cache-status"]
                .iter()
                .any(|name| {
                    let value = headers
                        .get(*name)
                        .map(|value| value.as_bytes().to_ascii_lowercase());
                    value.is_some_and(|value| value.windows(3).any(|window| window == b"hit"))
                });
        let why = if without_slash == origin {
            "it ends with a slash, and an origin does not"
        } else if value.eq_ignore_ascii_case(&origin) {
            "it is not in lower case"
        } else if without_scheme(&value) == without_scheme(&origin) {
            "its scheme is another"
        } else if without_port(&value) == without_port(&origin) {
            "its port is another"
        } else if value.contains('*') {
            "a `*` inside an origin means nothing to browsers"
        } else if value == "null" {
            "`null` is no page's own origin"
        } else if value.contains(' ') {
            "the header holds one origin, not a list"
        } else if is_cached {
            "a cache answered with what another page got"
        } else {
            "it is another origin"
        };
        let sentence = format!(
            "{} allows `{value}` and not `{origin}`: {why}.",
            self.answer()
        );
        if is_cached && why.starts_with("a cache") {
            return Cause {
                code: "cached-for-another-origin".to_owned(),
                ..self.because(
                    sentence,
                    "Send `Vary: Origin` with every answer of this URL, and purge the cache.",
                    Need {
                        vary: true,
                        ..Need::default()
                    },
                )
            };
        }
        self.because(
            sentence,
            format!("Send `{origin}` for requests of this page. If several pages use the server, send back the one that asks, and `Vary: Origin`."),
            need,
        )
    }

    pub(super) fn varies_on_origin(&self) -> bool {
        let names = self.header(&VARY).unwrap_or_default().to_ascii_lowercase();
        names.split(',').any(|name| name.trim() == "origin")
    }
}

fn without_scheme(origin: &str) -> &str {
    origin.split_once("://").map_or(origin, |(_, rest)| rest)
}

fn without_port(origin: &str) -> &str {
    match origin.rsplit_once(':') {
        Some((front, port)) if !port.starts_with('/') => front,
        _ => origin,
    }
}
