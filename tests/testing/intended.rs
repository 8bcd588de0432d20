//! Random services, random pages, and what is intended between them: written out as tables, without the crate's matching.

use std::time::Duration;

use http::{HeaderName, Method};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
#[cfg(feature = "path")]
use tower_cors::PathPolicies;
use tower_cors::testing::{Deviation, Profile};
use tower_cors::{Policy, PolicyList, PolicySource};

/// What a policy can list, and the pages among [`PAGES`] that it stands for.
const LISTED: [(&str, &[&str]); 7] = [
    ("https://app.example.com", &["https://app.example.com"]),
    (
        "https://shop.example.org:8443",
        &["https://shop.example.org:8443"],
    ),
    (
        "https://*.example.net",
        &["https://a.example.net", "https://a.b.example.net"],
    ),
    (
        "https://*.example.net:8443",
        &["https://a.example.net:8443"],
    ),
    (
        "https://*.b.example.net:*",
        &["https://a.b.example.net", "https://a.b.example.net:1234"],
    ),
    (
        "https://example.net:*",
        &["https://example.net", "https://example.net:8443"],
    ),
    (
        "http://localhost:*",
        &["http://localhost", "http://localhost:3000"],
    ),
];
/// The pages that the predicate accepts.
const TENANTS: [&str; 2] = ["https://tenant-1.example", "http://tenant-1.example:8080"];
const PAGES: [&str; 18] = [
    "https://app.example.com",
    "http://app.example.com",
    "https://app.example.com.evil.example",
    "https://shop.example.org:8443",
    "https://shop.example.org",
    "https://example.net",
    "https://example.net:8443",
    "https://a.example.net",
    "https://a.example.net:8443",
    "https://a.b.example.net",
    "https://a.b.example.net:1234",
    "https://evil-example.net",
    "http://localhost",
    "http://localhost:3000",
    "https://localhost:3000",
    "https://tenant-1.example",
    "http://tenant-1.example:8080",
    "https://evil.example",
];
const METHODS: [&str; 5] = ["PUT", "DELETE", "PATCH", "OPTIONS", "CHICKEN"];
/// All need permission as a page sets them.
const HEADERS: [&str; 5] = ["authorization", "content-type", "x-a", "x-b", "x-c"];
/// What the service says that pages cannot read unless it is exposed.
pub(crate) const SAID: [&str; 3] = ["etag", "x-request-id", "x-total"];
const PATHS: [&str; 3] = ["/account", "/files/a/b", "/elsewhere"];

/// What a policy is to allow; `None` is for any.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    listed: Option<Vec<(&'static str, &'static [&'static str])>>,
    tenants: bool,
    null: bool,
    pub(crate) methods: Option<Vec<&'static str>>,
    pub(crate) headers: Option<Vec<&'static str>>,
    exposed: Option<Vec<&'static str>>,
    pub(crate) credentials: bool,
    pub(crate) max_age: Option<u64>,
}

/// Rules that a policy can have.
fn rules() -> impl Strategy<Value = Rules> {
    fn some_or_any(
        names: &'static [&'static str],
    ) -> impl Strategy<Value = Option<Vec<&'static str>>> {
        prop_oneof![3 => subsequence(names, 0..=names.len()).prop_map(Some), 1 => Just(None)]
    }
    let listed = prop_oneof![4 => subsequence(&LISTED[..], 0..=4).prop_map(Some), 1 => Just(None)];
    let max_age = prop_oneof![Just(None), Just(Some(0)), (1..=86_400_u64).prop_map(Some)];
    (
        (listed, any::<bool>(), any::<bool>()),
        (
            some_or_any(&METHODS),
            some_or_any(&HEADERS),
            some_or_any(&SAID),
        ),
        any::<bool>(),
        max_age,
    )
        .prop_map(
            |((listed, tenants, null), (methods, headers, exposed), credentials, max_age)| {
                let is_any = listed.is_none();
                let null = null && !is_any;
                Rules {
                    // Someone must be allowed.
                    tenants: !is_any
                        && (tenants || listed.as_ref().is_some_and(Vec::is_empty) && !null),
                    credentials: credentials && !is_any && !null && exposed.is_some(),
                    listed,
                    null,
                    methods,
                    headers,
                    exposed,
                    max_age,
                }
            },
        )
}

impl Rules {
    fn policy(&self) -> Policy {
        let mut builder = Policy::builder()
            .allow_null_origin(self.null)
            .allow_credentials(self.credentials);
        builder = match &self.listed {
            Some(listed) => builder.allow_origins(listed.iter().map(|(pattern, _)| pattern)),
            None => builder.allow_any_origin(),
        };
        if self.tenants {
            builder =
                builder.allow_origins_where(|origin| origin.host() == Some("tenant-1.example"));
        }
        let name = |name: &&'static str| HeaderName::from_static(name);
        builder = match &self.methods {
            Some(methods) => builder.allow_methods(
                methods
                    .iter()
                    .map(|method| Method::from_bytes(method.as_bytes()).expect("a method")),
            ),
            None => builder.allow_any_method(),
        };
        builder = match &self.headers {
            Some(headers) => builder.allow_headers(headers.iter().map(name)),
            None => builder.allow_any_header(),
        };
        builder = match &self.exposed {
            Some(exposed) => builder.expose_headers(exposed.iter().map(name)),
            None => builder.expose_any_header(),
        };
        if let Some(seconds) = self.max_age {
            builder = builder.max_age(Duration::from_secs(seconds));
        }
        builder.build().expect("no mistake")
    }

    pub(crate) fn allow_any_origin(&self) -> bool {
        self.listed.is_none()
    }

    fn allow(&self, page: Option<&'static str>) -> bool {
        match (&self.listed, page) {
            (None, _) => true,
            (Some(_), None) => self.null,
            (Some(listed), Some(page)) => {
                // With credentials, no predicate allows `http`.
                let is_secure = !self.credentials || page.starts_with("https://");
                listed.iter().any(|(_, pages)| pages.contains(&page))
                    || self.tenants && is_secure && TENANTS.contains(&page)
            }
        }
    }

    /// Whether a page may read it.
    pub(crate) fn expose(&self, name: &&str) -> bool {
        self.exposed
            .as_ref()
            .is_none_or(|exposed| exposed.contains(name))
    }
}

/// A service whose policies stand in a list, or in two by the path.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    account: Vec<Rules>,
    files: Vec<Rules>,
    /// If not, all paths have the policies of the account.
    by_path: bool,
    pub(crate) blocks: bool,
}

pub(crate) fn service() -> impl Strategy<Value = Service> {
    let first_of = || prop::collection::vec(rules(), 1..=3);
    (first_of(), first_of(), any::<bool>(), any::<bool>()).prop_map(
        |(account, files, by_path, blocks)| Service {
            account,
            files,
            by_path: by_path && cfg!(feature = "path"),
            blocks,
        },
    )
}

impl Service {
    pub(crate) fn source(&self) -> PolicySource {
        let first_of = |rules: &[Rules]| {
            let policies: Vec<_> = rules.iter().map(Rules::policy).collect();
            PolicyList::try_from(policies).expect("at least one policy")
        };
        #[cfg(feature = "path")]
        if self.by_path {
            return PathPolicies::new([
                ("/account", first_of(&self.account)),
                ("/files/{*rest}", first_of(&self.files)),
            ])
            .expect("patterns of their own")
            .into();
        }
        first_of(&self.account).into()
    }

    /// The policies of a path; none if it is not CORS-enabled.
    pub(crate) fn at(&self, path: &str) -> Option<&[Rules]> {
        match path {
            _ if !self.by_path => Some(&self.account),
            "/account" => Some(&self.account),
            "/files/a/b" => Some(&self.files),
            _ => None,
        }
    }

    /// The first policy that allows the page.
    pub(crate) fn rules_for(&self, asked: &Asked) -> Option<&Rules> {
        self.at(asked.path)?
            .iter()
            .find(|rules| rules.allow(asked.page))
    }
}

/// A page's request; the page is opaque if it has no URL.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) page: Option<&'static str>,
    pub(crate) path: &'static str,
    pub(crate) method: &'static str,
    pub(crate) headers: Vec<&'static str>,
    pub(crate) credentials: bool,
    pub(crate) upload_listener: bool,
}

pub(crate) fn asked() -> impl Strategy<Value = Asked> {
    let page = prop_oneof![9 => select(&PAGES[..]).prop_map(Some), 1 => Just(None)];
    let method = select(
        &[
            "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CHICKEN", "put", "patch",
        ][..],
    );
    (
        page,
        select(&PATHS[..]),
        method,
        subsequence(&HEADERS[..], 0..=2),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(
            |(page, path, method, headers, credentials, upload_listener)| Asked {
                page,
                path,
                method,
                headers,
                credentials,
                upload_listener,
            },
        )
}

impl Asked {
    fn is_safelisted_method(&self) -> bool {
        ["GET", "HEAD", "POST"].contains(&self.method)
    }

    pub(crate) fn needs_preflight(&self) -> bool {
        !self.is_safelisted_method() || !self.headers.is_empty() || self.upload_listener
    }

    /// Whether a page whose origin these rules allow gets the response.
    pub(crate) fn is_allowed_by(&self, rules: &Rules, profile: &Profile) -> bool {
        let method = match self.method {
            "put" => "PUT",
            method => method,
        };
        let listed = |names: &Option<Vec<&str>>, name: &&str| {
            names.as_ref().is_none_or(|names| names.contains(name))
        };
        // By the standard, who lists no methods at all allows that of an upload that is listened to:
        // https://fetch.spec.whatwg.org/#cors-preflight-fetch, the step on methods that are null.
        let is_unlisted_upload = self.upload_listener
            && rules.methods.as_ref().is_some_and(Vec::is_empty)
            && !profile.has(Deviation::UploadMethodsMustBeListed);
        (self.is_safelisted_method() || listed(&rules.methods, &method) || is_unlisted_upload)
            && self.headers.iter().all(|name| listed(&rules.headers, name))
            && (!self.credentials || rules.credentials)
    }
}
