//! Why a preflight fails, besides the CORS check.

use http::HeaderName;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_REQUEST_METHOD,
};
use url::Url;

use super::need::elements;
use super::redirect::leads_to_login;
use super::{Cause, Reading, Who};
use crate::advice::Need;
use crate::text::{escaped, listed};

impl Reading<'_> {
    pub(super) fn preflight_redirect(&self) -> Cause {
        let status = self.status();
        let to = self.location();
        let shown = to.as_ref().map(|url| url.to_string()).unwrap_or_default();
        let url = Url::parse(self.exchange.url()).ok();
        // Another host, or a login: the server does not mean the page to go there.
        let is_moved = to.as_ref().zip(url.as_ref()).is_some_and(|(to, from)| {
            to.host_str().map(bare) == from.host_str().map(bare) && !leads_to_login(to.as_str())
        });
        let mut details = self.details();
        if to.is_some() {
            details.push(format!("redirect to: {shown}"));
        }
        let (who, change, need) = if is_moved {
            (
                Who::Page,
                format!("Let the page request {shown}."),
                Need::default(),
            )
        } else {
            (
                Who::Server,
                "Let the server answer OPTIONS before the redirect, which is often one to a login."
                    .to_owned(),
                Need {
                    preflight: true,
                    ..self.whole_need()
                },
            )
        };
        Cause {
            code: "preflight-redirect".to_owned(),
            sentence: format!(
                "The preflight is answered with a redirect ({status}), and browsers do not follow one."
            ),
            details,
            who,
            change,
            need,
        }
    }

    pub(super) fn preflight_status(&self) -> Cause {
        let status = self.status();
        let need = Need {
            preflight: true,
            ..self.whole_need()
        };
        self.because(
            format!("The preflight is answered with {status}. It has CORS headers, but its status must be 200 to 299."),
            "Let the server answer OPTIONS with 204, before authentication and routes.",
            need,
        )
    }

    pub(super) fn lists(&self) -> Cause {
        let need = self.whole_need();
        let headers = self.headers();
        let asked = self
            .exchange
            .request_headers()
            .get(ACCESS_CONTROL_REQUEST_METHOD);
        let method = asked
            .map(|method| escaped(method.as_bytes()))
            .unwrap_or_default();
        let listed_methods = elements(&headers, &ACCESS_CONTROL_ALLOW_METHODS);
        let listed_headers = elements(&headers, &ACCESS_CONTROL_ALLOW_HEADERS);
        let lacks_method = !need.methods.is_empty();
        let missing: Vec<String> = need
            .headers
            .iter()
            .filter(|name| {
                !listed_headers
                    .iter()
                    .any(|listed| listed.eq_ignore_ascii_case(name))
            })
            .map(|name| format!("`{name}`"))
            .collect();
        let mut details = Vec::new();
        let mut lacks = Vec::new();
        let shown = |list: &[String]| {
            if list.is_empty() {
                "nothing".to_owned()
            } else {
                list.join(", ")
            }
        };
        if lacks_method {
            lacks.push(format!("the method {method}"));
            details.push(format!(
                "Access-Control-Allow-Methods has {}",
                shown(&listed_methods)
            ));
        }
        if !missing.is_empty() {
            lacks.push(format!(
                "the header{} {}",
                if missing.len() == 1 { "" } else { "s" },
                listed(&missing)
            ));
            details.push(format!(
                "Access-Control-Allow-Headers has {}",
                shown(&listed_headers)
            ));
        }
        let near = listed_methods
            .iter()
            .find(|listed| lacks_method && listed.eq_ignore_ascii_case(&method));
        if let Some(near) = near {
            return Cause {
                details,
                who: Who::Page,
                need: Need::default(),
                ..self.because(
                    format!("The preflight allows the method {near} and not {method}: methods are case-sensitive."),
                    format!("Write `method: \"{near}\"` in `fetch()`, which corrects the case of GET, HEAD, POST, PUT, DELETE and OPTIONS only."),
                    Need::default(),
                )
            };
        }
        let has_wildcard = |list: &[String]| list.iter().any(|name| name == "*");
        if self.page.credentials && (has_wildcard(&listed_methods) || has_wildcard(&listed_headers))
        {
            details.push(
                "for requests with credentials browsers take `*` for a name, not for all"
                    .to_owned(),
            );
        } else if has_wildcard(&listed_headers)
            && missing.iter().any(|name| name == "`authorization`")
        {
            details.push("`*` does not cover `authorization`".to_owned());
        }
        Cause {
            details,
            ..self.because(
                format!("The preflight does not allow {}.", listed(&lacks)),
                format!("Allow {}.", listed(&lacks)),
                need,
            )
        }
    }

    pub(super) fn malformed(&self, name: &HeaderName, shown: &str) -> Cause {
        let value = self.header(name).unwrap_or_default();
        let need = match *name == ACCESS_CONTROL_ALLOW_METHODS {
            true => Need {
                methods: vec![self.outcome_method()],
                ..Need::default()
            },
            false => self.whole_need(),
        };
        self.because(
            format!("{shown} is `{value}`, which is not a list of names separated by commas. One wrong element spoils the list."),
            "Write names separated by commas.",
            need,
        )
    }

    pub(super) fn outcome_method(&self) -> String {
        let asked = self
            .exchange
            .request_headers()
            .get(ACCESS_CONTROL_REQUEST_METHOD);
        asked
            .map(|method| escaped(method.as_bytes()))
            .unwrap_or_default()
    }
}

/// A host without `www.`.
fn bare(host: &str) -> String {
    host.strip_prefix("www.").unwrap_or(host).to_owned()
}
