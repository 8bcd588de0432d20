//! One mistake of a policy, with the line to write instead.

use std::fmt;

use http::{HeaderName, Method, StatusCode};

use super::keys::KEYS;
use crate::escaped::EscapedText;
use crate::host::HostError;
use crate::origin::{OriginErrorKind, OriginPattern, PatternError};

/// One mistake of a policy. Its `Display` names the value and the line to write.
///
/// ```
/// use tower_cors::{Policy, PolicyError};
///
/// let builder = Policy::builder().allow_any_origin().allow_method("put it");
/// let errors = builder.build().unwrap_err();
/// match errors.iter().next() {
///     Some(PolicyError::MalformedMethod(text)) => assert_eq!(text, "put it"),
///     other => panic!("{other:?}"),
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum PolicyError {
    /// No origin is allowed.
    NoOrigins,
    /// A text in the list of origins is not an origin pattern.
    MalformedPattern(PatternError),
    /// Any origin is allowed, and some are listed as if they were the only ones.
    AnyOriginBesideOthers,
    /// Nobody is allowed on purpose, and some origins are allowed.
    NobodyBesideOthers,
    /// An entry of a list is blank. The text is the key of the list in a `PolicyConfig`.
    BlankEntry(&'static str),
    /// Any name is allowed, and some are listed as if they were the only ones. The text is the key of the list in a
    /// `PolicyConfig`: `methods`, `headers` or `expose`.
    AnyBesideList(&'static str),
    /// A `*` inside the name of a method or header, such as `x-amz-*`. Browsers compare names whole.
    #[non_exhaustive]
    WildcardInName {
        /// The key of the list in a `PolicyConfig`: `methods`, `headers` or `expose`.
        key: &'static str,
        /// The name.
        name: String,
    },
    /// A word for every name, such as `any` or `all`, in a list of methods or headers.
    #[non_exhaustive]
    AnyAsName {
        /// The key of the list in a `PolicyConfig`: `methods`, `headers` or `expose`.
        key: &'static str,
        /// The word.
        name: String,
    },
    /// The base policy of `DynamicPolicies::from_predicate` or `SnapshotPolicies::new` allows origins itself.
    OriginsBesideLookup,
    /// Any origin with credentials: every site could impersonate the user.
    AnyOriginWithCredentials,
    /// The `null` origin with credentials: every site can send it, from a sandboxed frame.
    NullOriginWithCredentials,
    /// The `file://` origin with credentials: every local file can send it.
    FileOriginWithCredentials,
    /// An origin without TLS, with credentials: a network attacker can impersonate that origin.
    InsecureOriginWithCredentials(OriginPattern),
    /// A pattern with credentials whose subdomains belong to third parties.
    #[non_exhaustive]
    PublicSuffixWithCredentials {
        /// The pattern.
        pattern: OriginPattern,
        /// `true` if public suffixes lie below the pattern's base domain, `false` if the base domain is one.
        below: bool,
    },
    /// The origins of the local network, with credentials.
    LocalNetworkWithCredentials,
    /// A pattern of every host of a scheme, with credentials: every extension or app with that scheme could impersonate the user.
    WholeSchemeWithCredentials(OriginPattern),
    /// A predicate with credentials that accepts an origin which it cannot know.
    PredicateAcceptsStrangers(String),
    /// A predicate that panicked when it was called with an origin.
    PredicatePanics(String),
    /// A text in the list of methods is not the name of a method.
    MalformedMethod(String),
    /// A method that browsers never send: CONNECT, TRACE, TRACK.
    ForbiddenMethod(Method),
    /// A method that differs from a standard one in case only.
    #[non_exhaustive]
    MethodCase {
        /// The method as given.
        given: Method,
        /// The standard one.
        standard: &'static str,
    },
    /// `*` as the name of a method.
    WildcardMethod,
    /// A text in the list of request headers is not the name of a header.
    MalformedRequestHeader(String),
    /// A request header that a page cannot set, so that allowing it means nothing.
    ForbiddenRequestHeader(HeaderName),
    /// `*` as the name of a request header.
    WildcardRequestHeader,
    /// A text in the list of exposed headers is not the name of a header.
    MalformedExposedHeader(String),
    /// A header that a page can never read, or that no response has.
    ForbiddenExposedHeader(HeaderName),
    /// `*` as the name of an exposed header.
    WildcardExposedHeader,
    /// Every header exposed, with credentials: there browsers read the wildcard as a name.
    AnyExposedHeaderWithCredentials,
    /// A Max-Age over a day, in seconds: no browser keeps a preflight longer.
    MaxAgeTooLong(u64),
    /// The base policy of `SnapshotPolicies` has no Max-Age, or one of less than a second.
    SnapshotWithoutMaxAge,
    /// A status that is not 2xx: browsers reject a preflight answered with it.
    PreflightStatus(StatusCode),
    /// A text in the list of hosts is not a host.
    MalformedHost(HostError),
    /// No host is listed, although the preset needs them or the list is set.
    NoHosts,
    /// Hosts are listed, but nothing is enforced.
    HostsWithoutEnforcement,
    /// The policy is read-only, but nothing is enforced.
    ReadOnlyWithoutEnforcement,
    /// The policy is read-only, and a method that writes is listed.
    MethodOfReadOnly(Method),
    /// Any origin is allowed, so enforcement has nothing to reject: no hosts are listed, and the policy is not read-only.
    EnforcementOfAnyOrigin,
    /// The service's own pages are not trusted, but any origin is allowed, and the policy is not read-only.
    DistrustOfAnyOrigin,
    /// The service's own pages are not trusted, but nothing is enforced.
    DistrustWithoutEnforcement,
    /// Parameters of MCP are allowed, and any header is.
    McpParametersBesideAnyHeader,
    /// A key of a configuration file that `PolicyConfig` does not have.
    #[non_exhaustive]
    UnknownKey {
        /// The key as given.
        key: String,
        /// The key that was probably meant.
        nearest: Option<&'static str>,
    },
    /// A key that a configuration file has twice.
    RepeatedKey(&'static str),
    /// A value of a configuration file that does not fit its key.
    #[non_exhaustive]
    UnfitValue {
        /// The key.
        key: &'static str,
        /// The value, in backticks, or its type.
        value: String,
        /// The type of value that fits.
        expected: &'static str,
        /// The line to write, in backticks.
        line: String,
    },
}

impl PolicyError {
    /// Returns the key of a `PolicyConfig` that has the mistake.
    pub fn key(&self) -> &str {
        match self {
            Self::NoOrigins
            | Self::MalformedPattern(_)
            | Self::AnyOriginBesideOthers
            | Self::NobodyBesideOthers
            | Self::OriginsBesideLookup
            | Self::InsecureOriginWithCredentials(_)
            | Self::PublicSuffixWithCredentials { .. }
            | Self::WholeSchemeWithCredentials(_)
            | Self::PredicateAcceptsStrangers(_)
            | Self::PredicatePanics(_)
            | Self::AnyOriginWithCredentials => "origins",
            Self::BlankEntry(key)
            | Self::AnyBesideList(key)
            | Self::WildcardInName { key, .. }
            | Self::AnyAsName { key, .. } => key,
            Self::NullOriginWithCredentials => "null_origin",
            Self::FileOriginWithCredentials => "file_origin",
            Self::LocalNetworkWithCredentials => "local_network",
            Self::MalformedMethod(_)
            | Self::ForbiddenMethod(_)
            | Self::MethodCase { .. }
            | Self::MethodOfReadOnly(_)
            | Self::WildcardMethod => "methods",
            Self::McpParametersBesideAnyHeader => "mcp_parameters",
            Self::MalformedRequestHeader(_)
            | Self::ForbiddenRequestHeader(_)
            | Self::WildcardRequestHeader => "headers",
            Self::MalformedExposedHeader(_)
            | Self::ForbiddenExposedHeader(_)
            | Self::WildcardExposedHeader
            | Self::AnyExposedHeaderWithCredentials => "expose",
            Self::MaxAgeTooLong(_) | Self::SnapshotWithoutMaxAge => "max_age",
            Self::PreflightStatus(_) => "preflight_status",
            Self::MalformedHost(_) | Self::NoHosts => "hosts",
            Self::HostsWithoutEnforcement
            | Self::ReadOnlyWithoutEnforcement
            | Self::DistrustWithoutEnforcement
            | Self::EnforcementOfAnyOrigin => "enforcement",
            Self::DistrustOfAnyOrigin => "trust_same_origin",
            Self::UnknownKey { key, .. } => key,
            Self::RepeatedKey(key) | Self::UnfitValue { key, .. } => key,
        }
    }

    /// Returns whether the value of a key could not be read, so that its absence is no mistake of its own.
    pub(super) fn replaces_key(&self, name: &str) -> bool {
        match self {
            Self::UnknownKey { nearest, .. } => *nearest == Some(name),
            Self::UnfitValue { key, .. } => *key == name,
            _ => false,
        }
    }

    /// Returns whether the policy without the mistaken entry allows no more than was written.
    ///
    /// | mistakes | without the entry |
    /// |---|---|
    /// | no origins | nobody is allowed |
    /// | blank and malformed entries of origins, methods and headers | the others count |
    /// | methods and headers that no page can send or read, or in another case; `*` and words for it in lists | the others count |
    /// | every header exposed, with credentials | none is exposed, as browsers do |
    /// | a Max-Age over a day | it is a day |
    ///
    /// All other mistakes are dangerous, or leave open what was meant: anything with credentials, contradictions, hosts,
    /// enforcement and the status. [`PolicyBuilder::build_skipping_harmless`](super::PolicyBuilder::build_skipping_harmless)
    /// builds in spite of harmless mistakes.
    ///
    /// ```
    /// use tower_cors::Policy;
    ///
    /// let app = Policy::builder().allow_origin("https://app.example.com");
    /// assert!(app.clone().allow_header("cookie").build().unwrap_err().is_harmless());
    /// let insecure = app.allow_origin("http://shop.example.com").allow_credentials(true);
    /// assert!(!insecure.build().unwrap_err().is_harmless());
    /// ```
    pub fn is_harmless(&self) -> bool {
        match self {
            Self::NoOrigins
            | Self::MalformedPattern(_)
            | Self::BlankEntry(_)
            | Self::WildcardInName { .. }
            | Self::AnyAsName { .. }
            | Self::MalformedMethod(_)
            | Self::ForbiddenMethod(_)
            | Self::MethodCase { .. }
            | Self::WildcardMethod
            | Self::MalformedRequestHeader(_)
            | Self::ForbiddenRequestHeader(_)
            | Self::WildcardRequestHeader
            | Self::MalformedExposedHeader(_)
            | Self::ForbiddenExposedHeader(_)
            | Self::WildcardExposedHeader
            | Self::AnyExposedHeaderWithCredentials
            | Self::MaxAgeTooLong(_) => true,
            Self::AnyOriginBesideOthers
            | Self::NobodyBesideOthers
            | Self::AnyBesideList(_)
            | Self::OriginsBesideLookup
            | Self::AnyOriginWithCredentials
            | Self::NullOriginWithCredentials
            | Self::FileOriginWithCredentials
            | Self::LocalNetworkWithCredentials
            | Self::InsecureOriginWithCredentials(_)
            | Self::PublicSuffixWithCredentials { .. }
            | Self::WholeSchemeWithCredentials(_)
            | Self::PredicateAcceptsStrangers(_)
            | Self::PredicatePanics(_)
            | Self::SnapshotWithoutMaxAge
            | Self::PreflightStatus(_)
            | Self::MalformedHost(_)
            | Self::NoHosts
            | Self::HostsWithoutEnforcement
            | Self::ReadOnlyWithoutEnforcement
            | Self::MethodOfReadOnly(_)
            | Self::EnforcementOfAnyOrigin
            | Self::DistrustOfAnyOrigin
            | Self::DistrustWithoutEnforcement
            | Self::McpParametersBesideAnyHeader
            | Self::UnknownKey { .. }
            | Self::RepeatedKey(_)
            | Self::UnfitValue { .. } => false,
        }
    }

    /// Returns the mistake with the line to write in a configuration file. `Display` has the line of the builder instead.
    ///
    /// ```
    /// use tower_cors::Policy;
    ///
    /// let errors = Policy::builder().build().unwrap_err();
    /// let error = errors.iter().next().unwrap();
    /// assert_eq!(error.key(), "origins");
    /// let line = r#"`origins = ["https://app.example.com"]`"#;
    /// assert!(error.in_config().to_string().contains(line));
    /// ```
    pub fn in_config(&self) -> impl fmt::Display {
        InConfig(self)
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, Words::Builder)
    }
}

/// A mistake in the words of a `PolicyConfig`: see [`PolicyError::in_config`].
struct InConfig<'a>(&'a PolicyError);

impl fmt::Display for InConfig<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(f, Words::Config)
    }
}

/// The language of the lines to write.
#[derive(Clone, Copy)]
enum Words {
    Builder,
    Config,
}

impl Words {
    /// The line in the code, or the line in the file.
    fn line(self, builder: &'static str, config: &'static str) -> &'static str {
        match self {
            Self::Builder => builder,
            Self::Config => config,
        }
    }
}

impl PolicyError {
    fn write(&self, f: &mut fmt::Formatter<'_>, words: Words) -> fmt::Result {
        let origins = words.line(
            "`.allow_origins([\"https://app.example.com\"])`",
            "`origins = [\"https://app.example.com\"]`",
        );
        let any_origin = words.line("`.allow_any_origin()`", "`origins = \"*\"`");
        let credentials = words.line("`.allow_credentials(true)`", "`credentials = true`");
        let block = words.line(
            "`.enforce(Enforcement::Block)`",
            "`enforcement = \"block\"`",
        );
        let hosts = words.line(
            "`.hosts([\"api.example.com\"])`",
            "`hosts = [\"api.example.com\"]`",
        );
        let read_only = words.line("`.read_only(true)`", "`read_only = true`");
        let distrust = words.line("`.trust_same_origin(false)`", "`trust_same_origin = false`");
        match self {
            Self::NoOrigins => {
                let nobody = words.line("`.allow_no_origin()` or `Policy::nobody()`", "`origins = \"none\"`");
                write!(
                    f,
                    "no origin is allowed; list them with {origins}, allow all with {any_origin}, or nobody with {nobody}"
                )
            }
            Self::MalformedPattern(error) => match (words, error.value()) {
                (_, value @ ("any" | "all")) => {
                    write!(f, "`{value}` is no origin to list; to allow every origin, write {any_origin}")
                }
                (Words::Config, "null") => f.write_str(
                    "`null` is no origin to list; if you must, write `null_origin = true`",
                ),
                (Words::Config, "*") => {
                    write!(f, "`*` is no origin to list; to allow every origin, write {any_origin}")
                }
                (_, "none" | "nobody") => {
                    let nobody = words.line("`.allow_no_origin()`", "`origins = \"none\"`");
                    write!(f, "`{}` is no origin to list; to allow nobody, write {nobody} alone", error.value())
                }
                (Words::Config, _) if error.kind() == OriginErrorKind::File => write!(
                    f,
                    "`{}` is no origin to list, because all local files share `file://` or `null`; if you must, write \
                     `file_origin = true`",
                    EscapedText(error.value()),
                ),
                _ => {
                    fmt::Display::fmt(error, f)?;
                    match error.kind() {
                        OriginErrorKind::Network => {
                            let all = words.line("`.allow_local_network(true)`", "`local_network = true`");
                            write!(f, "; write {all} for that")
                        }
                        OriginErrorKind::Expression if matches!(words, Words::Builder) => {
                            f.write_str(", or compare whole hosts in `.allow_origins_where(…)`")
                        }
                        OriginErrorKind::Several if matches!(words, Words::Builder) => {
                            f.write_str(", or give the text to `.allow_origins_text(text)`")
                        }
                        _ => Ok(()),
                    }
                }
            },
            Self::AnyOriginBesideOthers => match words {
                Words::Builder => f.write_str(
                    "any origin is allowed, so the other origins and the predicate have no effect; help: remove them, or what \
                     allows any origin",
                ),
                Words::Config => write!(
                    f,
                    "`*` allows any origin, so the other origins have no effect; help: write {any_origin} and no other origins, \
                     or remove `*`",
                ),
            },
            Self::NobodyBesideOthers => {
                let nobody = words.line("`.allow_no_origin()`", "`origins = \"none\"`");
                write!(
                    f,
                    "nobody is allowed, so the allowed origins have no effect; help: remove them, or {nobody}",
                )
            }
            Self::BlankEntry(key) => {
                let text = match *key {
                    "origins" => "allow_origins_text",
                    "methods" => "allow_methods_text",
                    "headers" => "allow_headers_text",
                    _ => "expose_headers_text",
                };
                write!(f, "an entry of `{key}` is blank; help: remove it")?;
                match words {
                    Words::Config => Ok(()),
                    Words::Builder => write!(
                        f,
                        ", or give the text with its commas to `.{text}(text)`, which leaves blank entries out"
                    ),
                }
            }
            Self::AnyBesideList(key) => {
                let (any, list) = any_and_list(key, words);
                write!(
                    f,
                    "any name is allowed in `{key}`, so the listed ones have no effect; help: write {any} or {list}, not both",
                )
            }
            Self::WildcardInName { key, name } => {
                let (any, list) = any_and_list(key, words);
                write!(
                    f,
                    "`{}` in `{key}` matches nothing, because browsers compare names whole; help: write each name, as in \
                     {list}, or {any}",
                    EscapedText(name),
                )
            }
            Self::AnyAsName { key, name } => {
                let (any, list) = any_and_list(key, words);
                write!(
                    f,
                    "`{}` in `{key}` would be a name, not a word for every name; help: write {any}, or each name, as in {list}",
                    EscapedText(name),
                )
            }
            Self::OriginsBesideLookup => f.write_str(
                "a predicate or a loader decides which origins are allowed, so the base policy must not allow any; \
                 help: remove them from the base policy, and let the predicate or the loader allow them",
            ),
            Self::AnyOriginWithCredentials => write!(
                f,
                "any origin with credentials lets every site impersonate your users; \
                 help: list the origins with {origins}, or leave {credentials} out",
            ),
            Self::NullOriginWithCredentials => {
                let null_origin = words.line("`.allow_null_origin(true)`", "`null_origin = true`");
                write!(
                    f,
                    "the origin `null` with credentials lets every site impersonate your users, because any page can send it \
                     from a sandboxed frame; help: leave {null_origin} or {credentials} out",
                )
            }
            Self::FileOriginWithCredentials => {
                let file_origin = words.line("`.allow_file_origin(true)`", "`file_origin = true`");
                write!(
                    f,
                    "the origin `file://` with credentials lets every file that a user opens impersonate that user; help: leave \
                     {file_origin} or {credentials} out",
                )?;
                match words {
                    Words::Builder => f.write_str(
                        ", or call `.dangerously_allow_file_origin_with_credentials()`",
                    ),
                    Words::Config => Ok(()),
                }
            }
            Self::InsecureOriginWithCredentials(pattern) => {
                let text = pattern.as_str();
                let host = EscapedText(text.strip_prefix("http://").unwrap_or(text));
                let page = pattern.page_of_listener();
                let pattern = EscapedText(text);
                let one = match words {
                    Words::Builder => {
                        format!("`.dangerously_allow_insecure_origin(\"{pattern}\")` instead")
                    }
                    Words::Config => format!(
                        "`dangerously_allow_insecure_origins = [\"{pattern}\"]` instead of listing it in `origins`"
                    ),
                };
                write!(
                    f,
                    "`{pattern}` with credentials lets a network attacker impersonate your users; help: ",
                )?;
                if let Some(page) = page {
                    return write!(
                        f,
                        "a server listens on this address, but people open its pages by another: write `{}` instead",
                        EscapedText(&page)
                    );
                }
                write!(f, "use TLS there and write `https://{host}`, or {one}")
            }
            Self::PublicSuffixWithCredentials { pattern, below } => {
                let base = pattern.base_domain().unwrap_or_default();
                let shown = EscapedText(pattern.as_str());
                if *below {
                    write!(
                        f,
                        "there are public suffixes below `{base}`, so subdomains that `{shown}` allows"
                    )?;
                } else {
                    write!(
                        f,
                        "`{base}` is a public suffix, so the subdomains that `{shown}` allows"
                    )?;
                }
                f.write_str(" belong to third parties, who could impersonate your users; help: ")?;
                if pattern.has_part_of_label() {
                    f.write_str(
                        "list each name, or serve them below a domain of your own, as in `https://pr-*.preview.example.com`, or ",
                    )?;
                } else {
                    let scheme = pattern.scheme();
                    write!(f, "name your own domain, such as `{scheme}://*.yours.{base}`, or ")?;
                }
                write_danger(f, "dangerously_allow_public_suffixes", pattern, words)
            }
            Self::LocalNetworkWithCredentials => {
                let local_network = words.line("`.allow_local_network(true)`", "`local_network = true`");
                let one = words.line(
                    "`.dangerously_allow_insecure_origin(\"http://192.168.1.7:5173\")`",
                    "`dangerously_allow_insecure_origins = [\"http://192.168.1.7:5173\"]`",
                );
                write!(
                    f,
                    "the local network with credentials lets every device in it impersonate your users; help: leave \
                     {local_network} or {credentials} out, or list single hosts with {one}",
                )
            }
            Self::WholeSchemeWithCredentials(pattern) => {
                write!(
                    f,
                    "`{pattern}` with credentials lets every extension or app with this scheme impersonate your users; help: list the \
                     hosts that you know, leave {credentials} out, or "
                )?;
                match words {
                    Words::Builder => {
                        write!(f, "call `.dangerously_allow_whole_scheme(\"{pattern}\")` instead")
                    }
                    Words::Config => write!(
                        f,
                        "write `dangerously_allow_whole_schemes = [\"{pattern}\"]` instead"
                    ),
                }
            }
            Self::PredicateAcceptsStrangers(origin) => write!(
                f,
                "the predicate accepts the invented origin `{origin}`, so with credentials other sites could impersonate \
                 your users; compare whole names in the predicate, not how they begin or end, or leave {credentials} out",
            ),
            Self::PredicatePanics(origin) => {
                write!(
                    f,
                    "the predicate panics when asked of `{origin}`; return `false` for what it does not know"
                )
            }
            Self::MalformedMethod(text) => {
                let lines = ("allow_methods", "methods", "PUT");
                write_malformed(f, "method", text, lines, words)
            }
            Self::ForbiddenMethod(method) => {
                write!(
                    f,
                    "no page can send `{}`; remove it",
                    EscapedText(method.as_str())
                )
            }
            Self::MethodCase { given, standard } => {
                write!(
                    f,
                    "methods are case-sensitive and `{}` is not `{standard}`; write `{standard}`",
                    EscapedText(given.as_str())
                )
            }
            Self::WildcardMethod => {
                let any = words.line("`.allow_any_method()`", "`methods = \"*\"`");
                write!(f, "`*` is no method to list; use {any}")
            }
            Self::MalformedRequestHeader(text) => {
                let lines = ("allow_headers", "headers", "content-type");
                write_malformed(f, "header name", text, lines, words)
            }
            Self::ForbiddenRequestHeader(name) => {
                let shown = EscapedText(name.as_str());
                match name.as_str().strip_prefix("access-control-") {
                    Some(_) => write!(
                        f,
                        "`{shown}` belongs to the CORS protocol and is no request header of a page; remove it",
                    ),
                    None => write!(f, "no page can set `{shown}`, browsers do; remove it"),
                }
            }
            Self::WildcardRequestHeader => {
                let any = words.line("`.allow_any_header()`", "`headers = \"*\"`");
                write!(f, "`*` is no header to list; use {any}")
            }
            Self::MalformedExposedHeader(text) => {
                let lines = ("expose_headers", "expose", "etag");
                write_malformed(f, "header name", text, lines, words)
            }
            Self::ForbiddenExposedHeader(name) => {
                let name = EscapedText(name.as_str());
                write!(f, "no page can read `{name}` of a response; remove it")
            }
            Self::WildcardExposedHeader => {
                let any = words.line("`.expose_any_header()`", "`expose = \"*\"`");
                write!(f, "`*` is no header to list; use {any}")
            }
            Self::AnyExposedHeaderWithCredentials => {
                let expose = words.line("`.expose_headers([\"etag\"])`", "`expose = [\"etag\"]`");
                write!(
                    f,
                    "with credentials browsers take the wildcard for a header's name and expose nothing; \
                     list the headers as in {expose}",
                )
            }
            Self::MaxAgeTooLong(seconds) => {
                let max_age =
                    words.line("`.max_age(Duration::from_secs(7200))`", "`max_age = 7200`");
                write!(
                    f,
                    "a Max-Age of {seconds} s is longer than the day (86400 s) that the most patient browser keeps; \
                     write at most 86400 s, or {max_age}, which is what Chromium keeps",
                )
            }
            Self::SnapshotWithoutMaxAge => {
                let max_age =
                    words.line("`.max_age(Duration::from_secs(600))`", "`max_age = 600`");
                write!(
                    f,
                    "a snapshot of origins is used for one Max-Age, so the base policy must have one; help: write {max_age}",
                )
            }
            Self::PreflightStatus(status) => {
                let fit = words.line(
                    "`.preflight_status(StatusCode::OK)`",
                    "`preflight_status = 200`",
                );
                write!(
                    f,
                    "browsers reject a preflight that is answered with {}; write a status from 200 to 299, as in {fit}, \
                     or none for 204",
                    status.as_u16(),
                )
            }
            Self::MalformedHost(error) => fmt::Display::fmt(error, f),
            Self::NoHosts => {
                let local = words.line(
                    "`.local_hosts()`",
                    "`hosts = [\"localhost\", \"127.0.0.1\", \"[::1]\"]`",
                );
                let hosts = words.line(
                    "`.hosts([\"mcp.example.com\"])`",
                    "`hosts = [\"mcp.example.com\"]`",
                );
                write!(
                    f,
                    "no host is listed, so a page can reach the service by DNS rebinding; help: write {local} for a \
                     server on the user's machine, otherwise the hosts by which it is reached, as in {hosts}",
                )
            }
            Self::HostsWithoutEnforcement => write!(
                f,
                "hosts are listed, but nothing is enforced, so other hosts would be served; help: write {block}",
            ),
            Self::ReadOnlyWithoutEnforcement => write!(
                f,
                "the policy is read-only, but nothing is enforced, so its origins could send POST; help: write {block}",
            ),
            Self::MethodOfReadOnly(method) => write!(
                f,
                "the policy is read-only, so its origins cannot send `{}`; help: remove it from the list, or remove \
                 {read_only}",
                EscapedText(method.as_str()),
            ),
            Self::EnforcementOfAnyOrigin => {
                let enforcement = words.line("`.enforce(…)`", "`enforcement`");
                write!(
                    f,
                    "any origin is allowed, so enforcement rejects nothing; help: list the origins with {origins}, let them only \
                     read with {read_only}, list the hosts of the service with {hosts}, or remove {enforcement}",
                )
            }
            Self::DistrustOfAnyOrigin => write!(
                f,
                "any origin is allowed, so the service's own pages are too; help: list the origins with {origins}, let them only \
                 read with {read_only}, or remove {distrust}",
            ),
            Self::DistrustWithoutEnforcement => write!(
                f,
                "the service's own pages are not trusted, but nothing is enforced, so their requests would be served; \
                 help: write {block}, or remove {distrust}",
            ),
            Self::McpParametersBesideAnyHeader => {
                let (any_header, _) = any_and_list("headers", words);
                let parameters = words.line("`.allow_mcp_parameters(true)`", "`mcp_parameters = true`");
                write!(
                    f,
                    "any header is allowed, so the parameters of MCP are too; help: remove {parameters}, or {any_header}",
                )
            }
            Self::UnknownKey { key, nearest } => {
                if let Words::Builder = words {
                    write!(f, "`{}` of the configuration: ", EscapedText(key))?;
                }
                f.write_str("unknown key; help: write ")?;
                if let Some(nearest) = nearest {
                    write!(f, "`{nearest}`, or another of ")?;
                }
                let keys = KEYS.iter().enumerate();
                keys.into_iter().try_for_each(|(place, key)| {
                    write!(f, "{}`{key}`", if place > 0 { ", " } else { "" })
                })
            }
            Self::RepeatedKey(key) => {
                if let Words::Builder = words {
                    write!(f, "`{key}` of the configuration: ")?;
                }
                f.write_str("the key is given twice; help: remove one of the two")
            }
            Self::UnfitValue {
                key,
                value,
                expected,
                line,
            } => {
                if let Words::Builder = words {
                    write!(f, "`{key}` of the configuration: ")?;
                }
                write!(f, "{value} is not {expected}; help: write {line}")
            }
        }
    }
}

/// Writes how to allow a dangerous pattern. In a file, each is allowed by itself.
fn write_danger(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    pattern: &OriginPattern,
    words: Words,
) -> fmt::Result {
    match words {
        Words::Builder => write!(f, "call `{name}`"),
        Words::Config => write!(f, "`{name} = [\"{}\"]`", EscapedText(pattern.as_str())),
    }
}

impl std::error::Error for PolicyError {}

/// Returns the line that allows every name of a list, and the line that lists one.
fn any_and_list(key: &str, words: Words) -> (&'static str, &'static str) {
    match key {
        "methods" => (
            words.line("`.allow_any_method()`", "`methods = \"*\"`"),
            words.line("`.allow_methods([\"PUT\"])`", "`methods = [\"PUT\"]`"),
        ),
        "headers" => (
            words.line("`.allow_any_header()`", "`headers = \"*\"`"),
            words.line(
                "`.allow_headers([\"content-type\"])`",
                "`headers = [\"content-type\"]`",
            ),
        ),
        _ => (
            words.line("`.expose_any_header()`", "`expose = \"*\"`"),
            words.line("`.expose_headers([\"etag\"])`", "`expose = [\"etag\"]`"),
        ),
    }
}

/// Writes what is wrong with a text that is no method or header name, and the line to write. `lines` are the method of
/// the builder, the key of the file, and an example.
fn write_malformed(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    text: &str,
    (method, key, example): (&str, &str, &str),
    words: Words,
) -> fmt::Result {
    write!(f, "{what} `{}` is invalid: ", EscapedText(text))?;
    match text.find(|c| !is_token_char(c)) {
        Some(position) => write!(f, "unexpected character at byte {position}")?,
        None if text.is_empty() => f.write_str("it is empty")?,
        None => f.write_str("it is too long")?,
    }
    // What a list in one text, a space around a name, and a header with its colon mean.
    let meant: Vec<&str> = text
        .split([',', ';', '|'])
        .map(|name| name.trim().trim_matches(['"', '\'', '`', ':', '[', ']']))
        .filter(|name| !name.is_empty())
        .collect();
    let is_clear = meant.iter().all(|name| name.chars().all(is_token_char));
    // A line that repeats a long text helps nobody.
    let is_short = text.len() <= 256;
    let names = if is_clear && is_short && !meant.is_empty() && meant != [text] {
        meant
    } else {
        vec![example]
    };
    let line = match words {
        Words::Builder => format!(".{method}({names:?})"),
        Words::Config => format!("{key} = {names:?}"),
    };
    write!(f, "; help: write each name by itself, as in `{line}`")
}

/// Methods and header names are tokens: <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2>. Names with a quote or a
/// bar are rejected.
fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&*+-.^_~".contains(c)
}
