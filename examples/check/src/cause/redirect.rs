//! Where redirects lead.

use http::StatusCode;
use http::header::LOCATION;
use tower_cors::testing::Blocked;
use url::Url;

use super::{Cause, Reading, Who};
use crate::advice::Need;

impl Reading<'_> {
    /// The URL that redirected to the one that failed.
    pub(super) fn redirected_from(&self) -> Option<&str> {
        let others = self.outcome.exchanges().iter();
        let others = others.filter(|exchange| !std::ptr::eq(*exchange, self.exchange));
        let before = others.rev().find(|exchange| !exchange.is_preflight())?;
        before.status().filter(StatusCode::is_redirection)?;
        Some(before.url())
    }

    /// Where a redirect leads.
    pub(super) fn location(&self) -> Option<Url> {
        let headers = self.headers();
        let location = headers.get(LOCATION)?.to_str().ok()?;
        Url::parse(self.exchange.url()).ok()?.join(location).ok()
    }

    pub(super) fn after_redirect(&self, from: &str) -> Cause {
        let to = self.exchange.url();
        let host = |url: &str| {
            Url::parse(url)
                .ok()
                .map(|url| url.origin().ascii_serialization())
                .unwrap_or_default()
        };
        let is_login = leads_to_login(to);
        let mut details = vec![format!("{from} redirects to {to}")];
        details.extend(self.details());
        let sentence = if self.origin() == "null" {
            format!(
                "The request is redirected to {}. After a redirect from one server to another the browser sends `Origin: null`, so \
                 the second one cannot know the page.",
                host(to)
            )
        } else {
            format!(
                "The request is redirected to {}, whose answer does not allow the page.",
                host(to)
            )
        };
        let (who, change) = if is_login {
            (
                Who::Server,
                "It looks like a page to log in. Let the API answer 401 instead of a redirect, and let the page go to the login."
                    .to_owned(),
            )
        } else {
            (
                Who::Page,
                format!(
                    "Request {to} itself. Its server must allow the origin `{}`.",
                    self.page.origin()
                ),
            )
        };
        Cause {
            code: "redirected".to_owned(),
            sentence,
            details,
            who,
            change,
            need: Need {
                origin: (!is_login).then(|| self.page.origin()),
                credentials: !is_login && self.page.credentials,
                ..Need::default()
            },
        }
    }

    pub(super) fn redirect(&self) -> Cause {
        let location = self.header(&LOCATION).unwrap_or_default();
        let why = match self.blocked {
            Blocked::TooManyRedirects => "it is the twenty-first redirect in turn",
            Blocked::RedirectNotHttp => "it is not an http or https URL",
            Blocked::RedirectWithCredentials => "it has a user name or password",
            _ => "it is not a URL",
        };
        Cause {
            details: vec![format!("received: {}, Location: {location}", self.status())],
            ..self.because(
                format!("The browser does not follow the redirect to `{location}`: {why}."),
                "Correct the redirect, or let the page request the last URL.",
                Need::default(),
            )
        }
    }
}

/// Returns whether a URL looks like that of a page to log in.
pub(super) fn leads_to_login(url: &str) -> bool {
    let words = ["login", "signin", "sign-in", "auth", "sso", "oauth"];
    let url = url.to_ascii_lowercase();
    words.iter().any(|word| url.contains(word))
}
