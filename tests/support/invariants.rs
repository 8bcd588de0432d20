//! What must be true of every answer, tried on a policy, a service and a request that are read out of any bytes.
//!
//! The fuzzer and the property tests share it. What is allowed is found here by comparing texts, without the crate.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::ready;
use std::time::Duration;

use futures_util::FutureExt;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, HOST, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use tower::{Layer, Service, service_fn};
use tower_cors::{CorsLayer, DynamicPolicies, Enforcement, Policy, PolicyHandle, PolicySource};

const PATTERNS: [&str; 8] = [
    "https://app.example.com",
    "https://shop.example.com:8443",
    "http://localhost:*",
    "https://*.example.net",
    "https://*.dev.example.org:*",
    "http://127.0.0.1:3000",
    "chrome-extension://abcdefghijklmnop",
    "https://[2001:db8::1]",
];
const ORIGINS: [&str; 14] = [
    "https://app.example.com",
    "https://shop.example.com:8443",
    "http://localhost:5173",
    "http://localhost",
    "https://a.example.net",
    "https://a.b.example.net",
    "https://example.net",
    "https://a.dev.example.org:99",
    "http://127.0.0.1:3000",
    "chrome-extension://abcdefghijklmnop",
    "https://[2001:db8::1]",
    "https://evil.example",
    "null",
    "",
];
const NAMES: [&str; 12] = [
    "origin",
    "origin",
    "access-control-request-method",
    "access-control-request-headers",
    "access-control-request-private-network",
    "access-control-allow-origin",
    "host",
    "sec-fetch-site",
    "vary",
    "cookie",
    "authorization",
    "content-type",
];
const VALUES: [&str; 13] = [
    "PUT",
    "GET",
    "patch",
    "x-token,content-type",
    "x-a, ,x-b,,x-a",
    "*",
    "true",
    "same-origin",
    "app.example.com",
    "a b",
    ",,,,",
    "x\"y",
    "x-token, Mcp-Param-A,mcp-param-b",
];
const METHODS: [&str; 7] = ["GET", "POST", "OPTIONS", "OPTIONS", "PUT", "patch", "HEAD"];
/// What the service sets on its responses.
const SET: [&[(&str, &str)]; 7] = [
    &[],
    &[("vary", "Accept-Encoding")],
    &[("vary", "origin"), ("vary", "Cookie, Origin")],
    &[("vary", "*")],
    &[("access-control-allow-origin", "https://evil.example")],
    &[
        ("access-control-allow-origin", "*"),
        ("access-control-allow-credentials", "true"),
        ("access-control-made-up", "yes"),
    ],
    &[("vary", ""), ("etag", "\"1\"")],
];

/// Bytes that decide what is tried; zeros when they end.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    fn of<T: Copy>(&mut self, among: &[T]) -> T {
        among[usize::from(self.byte()) % among.len()]
    }

    /// A value from the list, changed at a place, or the bytes themselves.
    fn value(&mut self, among: &[&str]) -> Vec<u8> {
        let mut value = self.of(among).as_bytes().to_vec();
        match self.byte() % 8 {
            0 => value.push(self.byte()),
            1 if !value.is_empty() => {
                let at = usize::from(self.byte()) % value.len();
                value[at] = self.byte();
            }
            2 => value.insert(usize::from(self.byte()) % (value.len() + 1), self.byte()),
            3 => {
                let length = usize::from(self.byte()).min(self.0.len());
                value = self.0[..length].to_vec();
                self.0 = &self.0[length..];
            }
            _ => {}
        }
        value
    }
}

/// What a policy is to allow, in plain words.
#[derive(Debug)]
struct Rules {
    any_origin: bool,
    patterns: Vec<&'static str>,
    null: bool,
    credentials: bool,
    any_method: bool,
    any_header: bool,
    exposes: bool,
    max_age: Option<u64>,
    private_network: bool,
    mcp_parameters: bool,
}

impl Rules {
    fn read(choices: &mut Choices<'_>) -> Self {
        let listed = choices.byte();
        Self {
            any_origin: choices.byte() % 4 == 0,
            patterns: (0..8)
                .filter(|bit| listed >> bit & 1 == 1)
                .map(|bit| PATTERNS[bit])
                .collect(),
            null: choices.byte() % 4 == 0,
            credentials: choices.flag(),
            any_method: choices.flag(),
            any_header: choices.flag(),
            exposes: choices.flag(),
            max_age: choices.flag().then_some(600),
            private_network: choices.flag(),
            mcp_parameters: choices.flag(),
        }
    }

    /// The policy, if these rules make one.
    fn policy(&self) -> Option<Policy> {
        let mut builder = Policy::builder()
            .allow_null_origin(self.null)
            .allow_credentials(self.credentials)
            .allow_private_network(self.private_network)
            .allow_mcp_parameters(self.mcp_parameters)
            .dangerously_allow_insecure_origins()
            .dangerously_allow_public_suffixes();
        builder = if self.any_origin {
            builder.allow_any_origin()
        } else {
            builder.allow_origins(&self.patterns)
        };
        builder = if self.any_method {
            builder.allow_any_method()
        } else {
            builder.allow_methods([Method::PUT, Method::DELETE])
        };
        builder = if self.any_header {
            builder.allow_any_header()
        } else {
            builder.allow_headers([HeaderName::from_static("x-token")])
        };
        if self.exposes {
            builder = builder.expose_headers([http::header::ETAG]);
        }
        if let Some(seconds) = self.max_age {
            builder = builder.max_age(Duration::from_secs(seconds));
        }
        builder.build().ok()
    }

    /// Whether the request's origin is allowed.
    fn allow(&self, headers: &HeaderMap) -> bool {
        let lines: Vec<&HeaderValue> = headers.get_all(ORIGIN).iter().collect();
        match lines[..] {
            _ if self.any_origin => true,
            [line] => std::str::from_utf8(line.as_bytes()).is_ok_and(|origin| {
                (origin == "null" && self.null)
                    || self.patterns.iter().any(|pattern| matches(pattern, origin))
            }),
            _ => false,
        }
    }
}

/// Whether a pattern of [`PATTERNS`] stands for an origin.
fn matches(pattern: &str, origin: &str) -> bool {
    let (pattern, any_port) = match pattern.strip_suffix(":*") {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let (origin, port) = match origin.rsplit_once(':') {
        Some((rest, port)) if any_port && !port.starts_with('/') => (rest, Some(port)),
        _ => (origin, None),
    };
    let port_is_written_right = port.is_none_or(|port| {
        let default = if origin.starts_with("https:") {
            "443"
        } else {
            "80"
        };
        port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse::<u16>().is_ok()
            && (port == "0" || !port.starts_with('0'))
            && port != default
    });
    let host_matches = match pattern.split_once("*.") {
        None => pattern == origin,
        Some((scheme, base)) => origin
            .strip_prefix(scheme)
            .and_then(|host| {
                host.strip_suffix(base)?
                    .strip_suffix('.')
                    .map(|sub| (host, sub))
            })
            .is_some_and(|(host, sub)| {
                let is_label = |label: &str| {
                    (1..=63).contains(&label.len())
                        && label.bytes().all(|byte| {
                            byte.is_ascii_lowercase()
                                || byte.is_ascii_digit()
                                || b"-_".contains(&byte)
                        })
                };
                host.len() <= 253 && sub.split('.').all(is_label)
            }),
    };
    host_matches && port_is_written_right
}

fn request(choices: &mut Choices<'_>) -> Option<Request<()>> {
    let mut request = Request::new(());
    *request.method_mut() = Method::from_bytes(&choices.value(&METHODS)).ok()?;
    for _ in 0..choices.byte() % 8 {
        let name = HeaderName::from_static(choices.of(&NAMES));
        let values = if name == ORIGIN {
            &ORIGINS[..]
        } else {
            &VALUES
        };
        let value = HeaderValue::from_bytes(&choices.value(values)).ok()?;
        request.headers_mut().append(name, value);
    }
    Some(request)
}

fn source(choices: &mut Choices<'_>, rules: &Rules, policy: Policy) -> PolicySource {
    // A lookup is made for an origin, so without one or with a malformed one it grants nothing, whatever it would find.
    let ways = if rules.any_origin { 2 } else { 3 };
    match choices.byte() % ways {
        0 => policy.into(),
        1 => PolicyHandle::new(policy).into(),
        _ => DynamicPolicies::new(move |_, _| ready(Ok::<_, Infallible>(Some(policy.clone()))))
            .into(),
    }
}

/// Reads a policy, a service and a request out of `bytes`, and panics where the answer is not what must be true.
pub(crate) fn check(bytes: &[u8]) {
    let mut choices = Choices(bytes);
    let rules = Rules::read(&mut choices);
    let Some(policy) = rules.policy() else {
        return;
    };
    let blocks = choices.byte() % 4 == 0;
    let source = source(&mut choices, &rules, policy);
    let set = choices.of(&SET);
    let Some(request) = request(&mut choices) else {
        return;
    };
    let asked = (request.method().clone(), request.headers().clone());
    let reached = Cell::new(false);
    let service = service_fn(|inner: Request<()>| {
        reached.set(true);
        assert_eq!((inner.method(), inner.headers()), (&asked.0, &asked.1));
        let mut response = Response::new("served");
        for (name, value) in set {
            let name = HeaderName::from_static(name);
            response
                .headers_mut()
                .append(name, HeaderValue::from_static(value));
        }
        ready(Ok::<_, Infallible>(response))
    });
    let enforcement = if blocks {
        Enforcement::Block
    } else {
        Enforcement::Off
    };
    let layer = CorsLayer::new(source).enforce(enforcement);
    // Twice, for what is looked up is cached then.
    for _ in 0..2 {
        reached.set(false);
        let mut again = Request::new(());
        *again.method_mut() = asked.0.clone();
        *again.headers_mut() = asked.1.clone();
        let answered = layer.layer(service).call(again).now_or_never();
        let Some(Ok(response)) = answered else {
            panic!("it waits");
        };
        let answer = Answered {
            rules: &rules,
            blocks,
            method: &asked.0,
            asked: &asked.1,
            reached: reached.get(),
            status: response.status(),
            headers: response.headers(),
            body: response.body(),
            set,
        };
        answer.check();
    }
}

struct Answered<'a> {
    rules: &'a Rules,
    blocks: bool,
    method: &'a Method,
    asked: &'a HeaderMap,
    reached: bool,
    status: StatusCode,
    headers: &'a HeaderMap,
    body: &'a str,
    set: &'a [(&'static str, &'static str)],
}

impl Answered<'_> {
    fn check(&self) {
        let allowed = self.rules.allow(self.asked);
        let is_cors = self.asked.contains_key(ORIGIN);
        let is_preflight = self.method == Method::OPTIONS
            && is_cors
            && self.asked.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        let granted = self.headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN);
        let said = format!(
            "{:?} {} {:?}\n{} {:?}",
            self.rules, self.method, self.asked, self.status, self.headers
        );

        // The service is called exactly when it should be.
        if is_preflight {
            assert!(!self.reached, "a preflight reached the service\n{said}");
        } else if self.blocks && !is_cors && !allowed && self.is_marked_cross_site() {
            assert!(
                !self.reached,
                "a cross-site request reached the service\n{said}"
            );
        } else if !self.blocks || !is_cors || allowed {
            assert!(self.reached, "the service was not called\n{said}");
        } else if !self.asked.contains_key(HOST) && !self.asked.contains_key("sec-fetch-site") {
            // Nothing says that the page is the service's own.
            assert!(
                !self.reached,
                "a blocked request reached the service\n{said}"
            );
        }
        if self.reached {
            assert_eq!(
                (self.status, self.body),
                (StatusCode::OK, "served"),
                "{said}"
            );
        }
        // Nothing is granted to a rejected origin, and all to an allowed one.
        assert!(
            !granted || allowed,
            "a rejected origin was granted something\n{said}"
        );
        if self.reached {
            let expected = allowed && (is_cors || self.rules.any_origin);
            assert_eq!(granted, expected, "{said}");
        } else if is_preflight
            && !(self.rules.credentials && (self.rules.any_method || self.rules.any_header))
            && !self.rules.mcp_parameters
        {
            assert_eq!(granted, allowed, "{said}");
        }
        if is_preflight {
            let status = if granted {
                StatusCode::NO_CONTENT
            } else {
                StatusCode::FORBIDDEN
            };
            assert_eq!((self.status, self.body), (status, ""), "{said}");
        }
        if !granted {
            let speaks = self
                .headers
                .keys()
                .any(|name| name.as_str().starts_with("access-control-"));
            assert!(!speaks, "a header without a grant\n{said}");
        }
        self.check_values(granted, &said);
        self.check_vary(&said);
    }

    /// Returns whether `Sec-Fetch-Site` has a value of another page than the service's own, and the request is no link.
    fn is_marked_cross_site(&self) -> bool {
        let only = |name: &str| -> Option<&[u8]> {
            let mut lines = self.asked.get_all(name).iter();
            let line = lines.next()?;
            lines.next().is_none().then_some(line.as_bytes())
        };
        let is_link = ["GET", "HEAD"].contains(&self.method.as_str())
            && only("sec-fetch-mode") == Some(b"navigate")
            && only("sec-fetch-dest") == Some(b"document");
        let is_own = matches!(only("sec-fetch-site"), Some(b"same-origin" | b"none" | b""));
        self.asked.contains_key("sec-fetch-site") && !is_own && !is_link
    }

    fn check_values(&self, granted: bool, said: &str) {
        for name in [
            ACCESS_CONTROL_ALLOW_ORIGIN,
            ACCESS_CONTROL_ALLOW_CREDENTIALS,
            ACCESS_CONTROL_MAX_AGE,
        ] {
            assert!(
                self.headers.get_all(&name).iter().count() <= 1,
                "two values of {name}\n{said}"
            );
        }
        if let Some(value) = self.headers.get(ACCESS_CONTROL_ALLOW_ORIGIN) {
            if self.rules.any_origin {
                assert_eq!(value, "*", "{said}");
            } else {
                assert_eq!(Some(value), self.asked.get(ORIGIN), "{said}");
            }
        }
        let credentials = self.headers.get(ACCESS_CONTROL_ALLOW_CREDENTIALS);
        let expected = granted && self.rules.credentials;
        assert_eq!(
            credentials.is_some_and(|value| value == "true"),
            expected,
            "{said}"
        );
        assert_eq!(credentials.is_some(), expected, "{said}");
        for name in [
            ACCESS_CONTROL_ALLOW_METHODS,
            ACCESS_CONTROL_ALLOW_HEADERS,
            ACCESS_CONTROL_EXPOSE_HEADERS,
        ] {
            for value in self.headers.get_all(&name) {
                let value = value.to_str().expect("a list of names is ASCII");
                for token in value
                    .split(',')
                    .map(|token| token.trim_matches([' ', '\t']))
                {
                    assert!(is_token(token), "`{token}` in {name}\n{said}");
                    assert!(
                        token != "*" || !self.rules.credentials,
                        "`*` with credentials\n{said}"
                    );
                }
            }
        }
        if let Some(value) = self.headers.get(ACCESS_CONTROL_MAX_AGE) {
            let seconds: Option<u64> = value.to_str().ok().and_then(|value| value.parse().ok());
            assert!(seconds.is_some_and(|seconds| seconds <= 600), "{said}");
        }
    }

    /// Whether caches may take the request's origin for another, or for none.
    fn is_ambiguous(&self) -> bool {
        let lines: Vec<&HeaderValue> = self.asked.get_all(ORIGIN).iter().collect();
        match lines[..] {
            [] => false,
            [line] => {
                let is_list_or_space = |byte: &u8| b", \t".contains(byte);
                line.is_empty() || line.as_bytes().iter().any(is_list_or_space)
            }
            _ => true,
        }
    }

    fn check_vary(&self, said: &str) {
        let names = |headers: &HeaderMap| -> Vec<String> {
            let lines = headers.get_all(VARY).iter();
            lines
                .flat_map(|line| line.to_str().expect("ours or the service's").split(','))
                .map(|name| name.trim().to_ascii_lowercase())
                .filter(|name| !name.is_empty())
                .collect()
        };
        let varies = names(self.headers);
        if !self.rules.any_origin {
            let enough = varies.iter().any(|name| name == "origin" || name == "*");
            assert!(enough, "it does not vary on the origin\n{said}");
            if self.is_ambiguous() {
                assert_eq!(varies, ["*"], "caches may keep it for another\n{said}");
            }
        }
        if self.reached {
            let service: Vec<&str> = self
                .set
                .iter()
                .filter(|(name, _)| *name == "vary")
                .flat_map(|(_, value)| value.split(','))
                .map(str::trim)
                .filter(|name| !name.is_empty())
                .collect();
            for name in &service {
                // `*` says more than any name.
                assert!(
                    varies.contains(&name.to_ascii_lowercase()) || varies == ["*"],
                    "{name} is lost\n{said}"
                );
            }
            let already = service
                .iter()
                .filter(|name| name.eq_ignore_ascii_case("origin"))
                .count();
            let times = varies.iter().filter(|name| *name == "origin").count();
            assert!(times <= already.max(1), "Origin is named again\n{said}");
        }
    }
}

fn is_token(text: &str) -> bool {
    let is_tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_tchar)
}
