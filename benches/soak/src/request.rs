//! What is asked, and what is to come of it.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD,
    HeaderName, ORIGIN,
};
use http::{HeaderMap, HeaderValue, Method};

use crate::random::Random;
use crate::server::{ADMIN, APP};

/// The most that a policy mirrors.
const MAX_MIRRORED: usize = 4096;

/// A request, and what is known of it.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Vec<u8>,
    pub(crate) kind: &'static str,
    /// Whether the source will never answer.
    pub(crate) hangs: bool,
}

impl Asked {
    /// A random request, with no list of names longer than this.
    pub(crate) fn draw(random: &mut Random, longest: usize) -> Self {
        let path = ["/listed", "/handle", "/lookup", "/block", "/mirrored"][random.below(5)];
        let (mut kind, origins) = origins(random, path);
        let mut asked = Self {
            method: Method::GET,
            path,
            hangs: origins
                .iter()
                .any(|origin| origin.starts_with(b"https://hang-")),
            headers: Vec::new(),
            body: Vec::new(),
            kind,
        };
        for origin in origins {
            let value = HeaderValue::from_bytes(&origin).expect("a value");
            asked.headers.push((ORIGIN, value));
        }
        match random.below(6) {
            0 => {
                asked.method = Method::POST;
                asked.body = vec![b'x'; random.below(4096)];
            }
            1 | 2 => {
                asked.method = Method::OPTIONS;
                let put = HeaderValue::from_static("PUT");
                asked.headers.push((ACCESS_CONTROL_REQUEST_METHOD, put));
                if random.below(4) == 0 {
                    kind = "long lists of names";
                    let part = [",", "x-abcde,", "\u{1f}\u{7f}"][random.below(2)];
                    let list = part.repeat(longest / part.len());
                    let list = HeaderValue::try_from(list).expect("a value");
                    asked.headers.push((ACCESS_CONTROL_REQUEST_HEADERS, list));
                } else {
                    let name = HeaderValue::from_static("content-type");
                    asked.headers.push((ACCESS_CONTROL_REQUEST_HEADERS, name));
                }
            }
            3 => asked.method = Method::OPTIONS,
            _ => {}
        }
        asked.kind = kind;
        asked
    }

    fn origin(&self) -> Option<&HeaderValue> {
        let mut origins = self.headers.iter().filter(|(name, _)| *name == ORIGIN);
        let first = origins.next().map(|(_, origin)| origin);
        first.filter(|_| origins.next().is_none())
    }

    fn asks_with_origin(&self) -> bool {
        self.headers.iter().any(|(name, _)| *name == ORIGIN)
    }

    fn is_preflight(&self) -> bool {
        let asks = |(name, _): &(HeaderName, HeaderValue)| *name == ACCESS_CONTROL_REQUEST_METHOD;
        self.method == Method::OPTIONS && self.asks_with_origin() && self.headers.iter().any(asks)
    }

    /// Whether its origin is allowed; `None` where that changes.
    fn is_allowed(&self) -> Option<bool> {
        let Some(origin) = self.origin() else {
            return Some(false);
        };
        let is = |allowed: &[&str]| allowed.iter().any(|allowed| origin == allowed);
        let begins = |what: &str| origin.as_bytes().starts_with(what.as_bytes());
        match self.path {
            "/handle" if is(&[APP, ADMIN]) => None,
            "/listed" | "/block" => Some(is(&[APP, ADMIN])),
            "/lookup" => Some(begins("https://ok-") || begins("https://slow-")),
            "/mirrored" => {
                let long = |(name, value): &(HeaderName, HeaderValue)| {
                    *name == ACCESS_CONTROL_REQUEST_HEADERS && value.len() > MAX_MIRRORED
                };
                let hostile = self.is_preflight() && self.headers.iter().any(long);
                Some(is(&[APP]) && !hostile)
            }
            _ => Some(false),
        }
    }

    /// What is wrong with an answer.
    pub(crate) fn judge(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Option<String> {
        let said =
            |name: HeaderName| -> Vec<&HeaderValue> { headers.get_all(name).iter().collect() };
        let allow = said(ACCESS_CONTROL_ALLOW_ORIGIN);
        let granted = !allow.is_empty();
        let fails = self.origin().is_some_and(|origin| {
            let origin = origin.as_bytes();
            origin.starts_with(b"https://fail-") || origin.starts_with(b"https://panic-")
        });
        let mut wrong = Vec::new();
        if self.is_allowed().is_some_and(|allowed| allowed != granted) {
            wrong.push("the grant");
        }
        if granted && Some(allow[0]) != self.origin() || allow.len() > 1 {
            wrong.push("Access-Control-Allow-Origin");
        }
        let speaks = headers
            .keys()
            .any(|name| name.as_str().starts_with("access-control-"));
        if !granted && speaks {
            wrong.push("a header of CORS for a rejected origin");
        }
        let credentials = said(ACCESS_CONTROL_ALLOW_CREDENTIALS);
        if credentials.len() != usize::from(granted && self.path == "/mirrored") {
            wrong.push("Access-Control-Allow-Credentials");
        }
        if granted && self.path == "/handle" {
            // Wholly the one policy or wholly the other.
            let (exposed, method) = if allow[0] == APP {
                ("x-app", "PUT")
            } else {
                ("x-admin", "DELETE")
            };
            let (name, value) = if self.is_preflight() {
                (ACCESS_CONTROL_ALLOW_METHODS, method)
            } else {
                (ACCESS_CONTROL_EXPOSE_HEADERS, exposed)
            };
            if said(name) != [value] {
                wrong.push("a mixture of two policies");
            }
        }
        let rejected = self.asks_with_origin() && !granted;
        let expected = match (self.is_preflight(), granted) {
            (true, true) => 204,
            (true, false) if fails && self.path == "/lookup" => 503,
            (true, false) => 403,
            (false, _) if rejected && self.path == "/block" => 403,
            (false, _) => 200,
        };
        if status != expected {
            wrong.push("the status");
        }
        if status == 200 && body != self.body {
            wrong.push("the body");
        }
        (!wrong.is_empty()).then(|| {
            let shown = |(name, value): &(HeaderName, HeaderValue)| {
                format!(
                    "{name}: {:.60?}",
                    value.as_bytes().escape_ascii().to_string()
                )
            };
            let asked: Vec<String> = self.headers.iter().map(shown).collect();
            format!(
                "{wrong:?} of {} {} {asked:?}: {status} instead of {expected}, {headers:?}",
                self.method, self.path
            )
        })
    }
}

/// The origins of a request, and what to call it.
fn origins(random: &mut Random, path: &str) -> (&'static str, Vec<Vec<u8>>) {
    let invented = random.below(usize::MAX);
    let (kind, origin) = match random.below(16) {
        0 => return ("no origin", Vec::new()),
        1 => {
            return (
                "two origins",
                vec![APP.into(), "https://evil.example".into()],
            );
        }
        2 => (
            "invented origins",
            format!("https://evil{invented}.example"),
        ),
        3 => ("null", "null".to_owned()),
        4 => ("no origins at all", "javascript:alert(1) <x>".to_owned()),
        5 => (
            "long origins",
            format!("https://{}.example.com", "a.".repeat(4_000)),
        ),
        6 => {
            return (
                "origins of bytes",
                vec![b"https://app.example.com\xff\xfe".to_vec()],
            );
        }
        _ if path == "/lookup" => match random.below(50) {
            0 => (
                "lookups that hang",
                format!("https://hang-{}.example.com", invented % 100),
            ),
            1..5 => (
                "lookups that fail",
                format!("https://fail-{}.example.com", invented % 100),
            ),
            5..8 => (
                "lookups that panic",
                format!("https://panic-{}.example.com", invented % 100),
            ),
            8..20 => (
                "lookups that are slow",
                format!("https://slow-{}.example.com", invented % 200),
            ),
            20..30 => (
                "lookups that reject",
                format!("https://no-{invented}.example.com"),
            ),
            _ => (
                "lookups that allow",
                format!("https://ok-{}.example.com", invented % 200),
            ),
        },
        7 | 8 => ("allowed somewhere", ADMIN.to_owned()),
        _ => ("allowed", APP.to_owned()),
    };
    (kind, vec![origin.into_bytes()])
}
