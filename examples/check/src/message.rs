//! A message of a browser's console that the user pasted.

use tower_cors::testing::{Blocked, Cause, Diagnosis};

use crate::fetch::Page;
use crate::text::{escaped, listed};

/// A pasted message, and what it means if it is known.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    diagnosis: Option<Diagnosis>,
}

impl Message {
    pub(crate) fn of(pasted: &str) -> Self {
        Self {
            diagnosis: Diagnosis::of(pasted),
        }
    }

    /// What the message names, such as its `url`.
    pub(crate) fn detail(&self, name: &str) -> Option<&str> {
        self.diagnosis.as_ref()?.detail(name)
    }

    /// Returns whether the page of the message sends credentials.
    pub(crate) fn has_credentials(&self) -> bool {
        let cause = self.diagnosis.as_ref().map(Diagnosis::cause);
        matches!(
            cause,
            Some(Cause::WildcardWithCredentials | Cause::CredentialsNotAllowed)
        )
    }

    /// A header that the page of the message sets, with a value that needs permission.
    pub(crate) fn header(&self) -> Option<String> {
        let diagnosis = self
            .diagnosis
            .as_ref()
            .filter(|diagnosis| diagnosis.cause() == Cause::HeaderNotAllowed)?;
        let name = diagnosis.detail("header")?.to_ascii_lowercase();
        let value = match name.as_str() {
            "content-type" => "application/json",
            _ => "1",
        };
        Some(format!("{name}: {value}"))
    }

    /// Compares what came of the request with the message.
    pub(crate) fn note(&self, page: &Page, blocked: Option<Blocked>) -> String {
        let Some(diagnosis) = &self.diagnosis else {
            return "The message is not known. Paste the whole line that has the reason, in English.".to_owned();
        };
        if blocked.is_some_and(|blocked| diagnosis.reasons().contains(&blocked)) {
            return "This is the reason of your message.".to_owned();
        }
        let told = match blocked {
            Some(_) => "Your message has another reason",
            None => "Your message has a reason that does not apply to this request",
        };
        let summary = diagnosis.cause().summary();
        let hints = self.hints(page);
        if hints.is_empty() {
            return format!(
                "{told}: {summary} Compare the method, the headers, the credentials and the origin with those of the page."
            );
        }
        format!(
            "{told}: {summary} The page of the message differs: {}.",
            listed(&hints)
        )
    }

    /// What the message says of the page's request, and the command line does not.
    fn hints(&self, page: &Page) -> Vec<String> {
        let shown = |text: &str| escaped(text.as_bytes());
        let mut hints = Vec::new();
        if let Some(origin) = self
            .detail("origin")
            .filter(|origin| *origin != page.origin() && *origin != "null")
        {
            hints.push(format!("its origin is `{}`", shown(origin)));
        }
        if let Some(method) = self
            .detail("method")
            .filter(|method| *method != page.method)
        {
            hints.push(format!("its method is `{}`", shown(method)));
        }
        if let Some(header) = self.header() {
            let name = header.split(':').next().unwrap_or_default();
            if !page.headers.contains_key(name) {
                hints.push(format!("it sets a header (`-H '{}'`)", shown(&header)));
            }
        }
        if self.has_credentials() && !page.credentials {
            hints.push("it sends credentials (`--credentials`)".to_owned());
        }
        hints
    }
}
