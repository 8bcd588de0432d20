//! Who asks, and for what.

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, ACCEPT_LANGUAGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HOST, IF_NONE_MATCH, ORIGIN, RANGE,
};
use http::{HeaderName, HeaderValue, Method, Request};
use http_body_util::Empty;

use crate::meant::Service;
use crate::service::{Manner, etag};

pub(crate) const APP: &str = "https://app.example.com";
pub(crate) const SHOP: &str = "https://shop.example.com:8443";

/// The lines of `Origin` that come: of no page, of pages that some service means, of strangers, and of no browser.
pub const ORIGINS: [&[&str]; 16] = [
    &[],
    &[APP],
    &[SHOP],
    &["https://a.tenant.example"],
    &["https://b.tenant.example"],
    &["null"],
    &["https://evil.example"],
    &["https://app.example.com.evil.example"],
    &["http://app.example.com"],
    &["https://APP.example.com"],
    &["https://app.example.com/"],
    &[""],
    &["https://app.example.com,"],
    &["https://app.example.com ,"],
    &[APP, "https://evil.example"],
    &["https://evil.example", APP],
];

/// A request of a page, or of someone who says to be one.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// To which service.
    pub service: &'static Service,
    /// For an answer of which manner.
    pub manner: &'static Manner,
    /// The last segment of the path.
    pub number: usize,
    /// The lines of `Origin`.
    pub origin: &'static [&'static str],
    /// HEAD instead of GET.
    pub head: bool,
    /// `Accept-Language`.
    pub language: Option<&'static str>,
    /// Whether `Accept-Encoding` names gzip.
    pub gzip: bool,
    /// Whether it has the answer already; `Some(false)` if it has another.
    pub known: Option<bool>,
    /// Whether it asks for the first four bytes.
    pub range: bool,
}

impl Asked {
    /// A GET.
    pub fn new(
        service: &'static Service,
        manner: &'static Manner,
        number: usize,
        origin: &'static [&'static str],
    ) -> Self {
        Self {
            service,
            manner,
            number,
            origin,
            head: false,
            language: None,
            gzip: false,
            known: None,
            range: false,
        }
    }

    /// A request in one of the ways that pages ask, and from one of the origins.
    pub fn by_chance(
        service: &'static Service,
        manner: &'static Manner,
        number: usize,
        chance: &mut Chance,
    ) -> Self {
        let origin = ORIGINS[chance.below(ORIGINS.len())];
        Self {
            head: chance.below(5) == 0,
            language: [None, Some("en"), Some("de")][chance.below(3)],
            gzip: chance.below(2) == 0,
            known: [None, None, Some(true), Some(false)][chance.below(4)],
            range: chance.below(6) == 0,
            ..Self::new(service, manner, number, origin)
        }
    }

    /// As it is sent.
    pub fn request(&self) -> Request<Empty<Bytes>> {
        let path = format!(
            "/{}/{}/{}",
            self.service.name, self.manner.name, self.number
        );
        let mut request = request(
            if self.head { Method::HEAD } else { Method::GET },
            &path,
            self.origin,
        );
        let mut say = |name, value: &str| say(&mut request, name, value);
        if let Some(language) = self.language {
            say(ACCEPT_LANGUAGE, language);
        }
        if self.gzip {
            say(ACCEPT_ENCODING, "gzip");
        }
        match self.known {
            Some(true) => say(
                IF_NONE_MATCH,
                &etag(&self.number.to_string(), self.language),
            ),
            Some(false) => say(IF_NONE_MATCH, "\"another\""),
            None => {}
        }
        if self.range {
            say(RANGE, "bytes=0-3");
        }
        request
    }
}

/// A preflight.
#[derive(Clone, Copy, Debug)]
pub struct Preflight {
    /// To which service.
    pub service: &'static Service,
    /// The last segment of the path.
    pub number: usize,
    /// The lines of `Origin`.
    pub origin: &'static [&'static str],
    /// `Access-Control-Request-Method`.
    pub method: &'static str,
    /// `Access-Control-Request-Headers`.
    pub headers: Option<&'static str>,
    /// Whether it asks to cross into a private network.
    pub private_network: bool,
}

impl Preflight {
    /// As it is sent.
    pub fn request(&self) -> Request<Empty<Bytes>> {
        let path = format!("/{}/plain/{}", self.service.name, self.number);
        let mut request = request(Method::OPTIONS, &path, self.origin);
        say(&mut request, ACCESS_CONTROL_REQUEST_METHOD, self.method);
        if let Some(headers) = self.headers {
            say(&mut request, ACCESS_CONTROL_REQUEST_HEADERS, headers);
        }
        if self.private_network {
            let name = HeaderName::from_static("access-control-request-private-network");
            say(&mut request, name, "true");
        }
        request
    }
}

fn request(method: Method, path: &str, origin: &[&str]) -> Request<Empty<Bytes>> {
    let mut request = Request::new(Empty::new());
    *request.method_mut() = method;
    *request.uri_mut() = path.parse().expect("a path");
    say(&mut request, HOST, "api.example.com");
    for line in origin {
        say(&mut request, ORIGIN, line);
    }
    request
}

fn say(request: &mut Request<Empty<Bytes>>, name: HeaderName, value: &str) {
    let value = HeaderValue::from_str(value).expect("a value");
    request.headers_mut().append(name, value);
}

/// Numbers that look like chance and are the same in every run.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// Numbers of their own for each seed.
    pub fn new(seed: usize) -> Self {
        Self(seed as u64)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        // SplitMix64: https://prng.di.unimi.it/splitmix64.c
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).expect("below a usize")
    }

    /// In an order of chance.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
