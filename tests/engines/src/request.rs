//! What scripts ask for.

/// The credentials mode of a script's request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CredentialsMode {
    /// `omit`
    Omit,
    /// `same-origin`
    SameOrigin,
    /// `include`
    Include,
}

impl CredentialsMode {
    /// As a script writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Omit => "omit",
            Self::SameOrigin => "same-origin",
            Self::Include => "include",
        }
    }
}

/// The arguments of a `fetch()`.
#[derive(Clone, Copy, Debug)]
pub struct ScriptRequest {
    /// As the script writes it.
    pub method: &'static str,
    /// The headers that the script appends.
    pub headers: &'static [(&'static str, &'static str)],
    /// The names of those that need permission by the standard, by these values; in lower case.
    pub unsafe_names: &'static [&'static str],
    /// The credentials mode.
    pub credentials: CredentialsMode,
}

/// Headers that a script appends, and the names of those that need permission.
type Headers = (
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
);

const METHODS: [&str; 13] = [
    "GET", "get", "HEAD", "POST", "PUT", "put", "DELETE", "OPTIONS", "PATCH", "patch", "CHICKEN",
    "chicken", "PROPFIND",
];

const NONE: Headers = (&[], &[]);
const TWO: Headers = (
    &[("Authorization", "Bearer 1"), ("x-custom", "1")],
    &["authorization", "x-custom"],
);
/// The most that a safelisted value may have.
const BYTES_128: &str = "application/json;q=0.1,application/json;q=0.2,application/json;q=0.3,application/json;q=0.4,application/json;q=0.5,text/html;v=1";
const BYTES_129: &str = "application/json;q=0.1,application/json;q=0.2,application/json;q=0.3,application/json;q=0.4,application/json;q=0.5,text/html;v=12";
const _: () = assert!(BYTES_128.len() == 128 && BYTES_129.len() == 129);

const HEADERS: [Headers; 20] = [
    (&[("accept", BYTES_128)], &[]),
    (&[("accept", BYTES_129)], &["accept"]),
    (&[("accept", "\"quoted\"")], &["accept"]),
    // Nine times 128 bytes are more than 1,024.
    (&[("accept", BYTES_128); 9], &["accept"]),
    (&[("accept-language", "de, en;q=0.5")], &[]),
    (&[("accept-language", "de_DE")], &["accept-language"]),
    (&[("content-language", "de")], &[]),
    (&[("content-type", "text/plain;charset=utf-8")], &[]),
    (
        &[("content-type", "application/x-www-form-urlencoded")],
        &[],
    ),
    (&[("Content-Type", "application/json")], &["content-type"]),
    (
        &[("content-type", "text/plain; a=\"b\"")],
        &["content-type"],
    ),
    (&[("Authorization", "Bearer 1")], &["authorization"]),
    (&[("X-CUSTOM", "1")], &["x-custom"]),
    (&[("x-custom", "1"), ("x-custom", "2")], &["x-custom"]),
    (
        &[("x-second", "1"), ("x-custom", "1")],
        &["x-custom", "x-second"],
    ),
    (
        &[
            ("content-type", "application/json"),
            ("x-custom", "1"),
            ("authorization", "Bearer 1"),
        ],
        &["authorization", "content-type", "x-custom"],
    ),
    (&[("range", "bytes=0-5")], &[]),
    (&[("range", "bytes=-5")], &["range"]),
    (&[("save-data", "on")], &["save-data"]),
    (&[("dpr", "2")], &["dpr"]),
];

/// The requests of the matrix: every method with and without headers, and every set of headers with a method that needs
/// no permission and with one that does.
pub fn requests() -> Vec<ScriptRequest> {
    use CredentialsMode::{Include, Omit, SameOrigin};
    let mut requests = Vec::new();
    let mut add = |method, (headers, unsafe_names): Headers, credentials| {
        requests.push(ScriptRequest {
            method,
            headers,
            unsafe_names,
            credentials,
        });
    };
    for credentials in [Omit, Include] {
        for method in METHODS {
            add(method, NONE, credentials);
            add(method, TWO, credentials);
        }
        for headers in HEADERS {
            add("GET", headers, credentials);
            add("PUT", headers, credentials);
        }
    }
    for method in METHODS {
        add(method, NONE, SameOrigin);
    }
    requests
}
