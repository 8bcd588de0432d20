//! The mistakes that settings can have.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;
use std::time::Duration;

use http::{HeaderName, Method, header};

use super::PolicyError;
use super::neighbors::neighbors;
use super::settings::Settings;
use crate::enforce::Enforcement;
use crate::origin::{Origin, OriginPattern};
use crate::public_suffix::{self, Registrable, Relation};
use crate::request;

/// The longest Max-Age that a browser keeps, in seconds: Firefox's day.
const MAX_MAX_AGE: u64 = 86_400;

/// Parses the name of a method.
pub(super) fn method(text: &str) -> Result<Method, PolicyError> {
    check_name("methods", text)?;
    parse_name(text).ok_or_else(|| PolicyError::MalformedMethod(text.to_owned()))
}

/// Parses the name of a request header.
pub(super) fn request_header(text: &str) -> Result<HeaderName, PolicyError> {
    check_name("headers", text)?;
    parse_name(text).ok_or_else(|| PolicyError::MalformedRequestHeader(text.to_owned()))
}

/// Parses the name of an exposed header.
pub(super) fn exposed_header(text: &str) -> Result<HeaderName, PolicyError> {
    check_name("expose", text)?;
    parse_name(text).ok_or_else(|| PolicyError::MalformedExposedHeader(text.to_owned()))
}

/// Parses a name. It cannot contain what separates or quotes names where people write lists, although the protocol
/// allows these characters: `PUT|DELETE` would match no request.
fn parse_name<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok().filter(|_| !text.contains(SEPARATORS))
}

/// The characters of a token that only separate or quote names in lists.
const SEPARATORS: [char; 3] = ['|', '\'', '`'];

/// Rejects names that are tokens, but were meant to stand for others. Browsers compare names whole.
fn check_name(key: &'static str, text: &str) -> Result<(), PolicyError> {
    let is_word = |word: &str| word.eq_ignore_ascii_case(text);
    let name = || text.to_owned();
    if text.contains('*') && text != "*" && parse_name::<Method>(text).is_some() {
        return Err(PolicyError::WildcardInName { key, name: name() });
    }
    if ["any", "all"].into_iter().any(is_word) {
        return Err(PolicyError::AnyAsName { key, name: name() });
    }
    Ok(())
}

/// Adds the mistakes of all settings except which origins are allowed.
pub(super) fn check(settings: &Settings, errors: &mut Vec<PolicyError>) {
    if settings.credentials {
        check_credentials(settings, errors);
    }
    errors.extend(settings.methods.iter().filter_map(method_mistake));
    errors.extend(settings.headers.iter().filter_map(request_header_mistake));
    errors.extend(settings.exposed.iter().filter_map(exposed_header_mistake));
    errors.extend(
        settings
            .max_age
            .map(|max_age| max_age.as_secs())
            .filter(|seconds| *seconds > MAX_MAX_AGE)
            .map(PolicyError::MaxAgeTooLong),
    );
    let contradictions = [
        (settings.methods_choice, "methods"),
        (settings.headers_choice, "headers"),
        (settings.exposed_choice, "expose"),
    ];
    errors.extend(
        contradictions
            .into_iter()
            .filter(|(choice, _)| choice.contradicts())
            .map(|(_, key)| PolicyError::AnyBesideList(key)),
    );
    if settings.mcp_parameters_by_caller && settings.any_header {
        errors.push(PolicyError::McpParametersBesideAnyHeader);
    }
    check_protection(settings, errors);
    if !settings.preflight_status.is_success() {
        errors.push(PolicyError::PreflightStatus(settings.preflight_status));
    }
}

/// Checks the settings that stop requests: each must be able to stop one.
fn check_protection(settings: &Settings, errors: &mut Vec<PolicyError>) {
    let is_unread = |key| errors.iter().any(|error| error.replaces_key(key));
    let malformed_hosts = is_unread("hosts")
        || (errors.iter()).any(|error| matches!(error, PolicyError::MalformedHost(_)));
    let lacks_hosts = match &settings.hosts {
        None => settings.requires_hosts,
        Some(hosts) => hosts.is_empty(),
    } && !malformed_hosts
        && !is_unread("preset");
    let lists_hosts = settings.hosts.is_some() || settings.requires_hosts || malformed_hosts;
    let is_off = settings.enforcement == Enforcement::Off
        && !is_unread("enforcement")
        && !is_unread("preset");
    let enforces = settings.enforcement != Enforcement::Off && !is_unread("enforcement");
    // Of any origin, only requests that write can be rejected. If others are listed too, one of the two was not meant.
    let rejects_no_origin = settings.any_origin
        && !errors.contains(&PolicyError::AnyOriginBesideOthers)
        && !settings.read_only
        && !is_unread("read_only");
    let distrusts = settings.distrusts_by_caller;
    let found = [
        (lacks_hosts, PolicyError::NoHosts),
        (
            is_off && settings.hosts.is_some() && !lacks_hosts,
            PolicyError::HostsWithoutEnforcement,
        ),
        (
            is_off && settings.read_only,
            PolicyError::ReadOnlyWithoutEnforcement,
        ),
        (
            enforces && rejects_no_origin && !lists_hosts,
            PolicyError::EnforcementOfAnyOrigin,
        ),
        (
            distrusts && rejects_no_origin,
            PolicyError::DistrustOfAnyOrigin,
        ),
        (
            distrusts && is_off && !rejects_no_origin,
            PolicyError::DistrustWithoutEnforcement,
        ),
    ];
    errors.extend(
        found
            .into_iter()
            .filter_map(|(is_found, error)| is_found.then_some(error)),
    );
    if settings.read_only {
        let listed = settings.methods.iter().skip(settings.preset_methods);
        let writing = listed
            .filter(|method| request::is_unsafe_method(method) && method_mistake(method).is_none());
        errors.extend(writing.cloned().map(PolicyError::MethodOfReadOnly));
    }
}

/// Checks that the settings allow some origins.
pub(super) fn check_origins(settings: &Settings, errors: &mut Vec<PolicyError>) {
    let listed = !settings.origins.is_empty()
        || !settings.listed_insecure.is_empty()
        || settings.local_network;
    let others = listed || settings.null_origin || settings.file_origin;
    let malformed = errors.iter().any(is_malformed_origin);
    let beside_any = others || settings.predicate.is_some();
    if settings.any_origin && (beside_any || settings.origins_choice.contradicts())
        || settings.everyone_on_purpose && listed
    {
        errors.push(PolicyError::AnyOriginBesideOthers);
    }
    if settings.nobody && allows_somebody(settings) {
        errors.push(PolicyError::NobodyBesideOthers);
    }
    // An unknown preset may have allowed some.
    let is_unknown = errors.iter().any(|error| error.replaces_key("preset"));
    if !settings.nobody && !allows_somebody(settings) && !malformed && !is_unknown {
        errors.push(PolicyError::NoOrigins);
    }
}

/// Returns whether the mistake is an entry of the list of origins that was left out.
fn is_malformed_origin(error: &PolicyError) -> bool {
    matches!(
        error,
        PolicyError::MalformedPattern(_) | PolicyError::BlankEntry("origins")
    ) || error.replaces_key("origins")
}

/// Returns whether the settings allow some origin.
pub(super) fn allows_somebody(settings: &Settings) -> bool {
    settings.any_origin
        || settings.null_origin
        || settings.file_origin
        || settings.local_network
        || settings.predicate.is_some()
        || !settings.origins.is_empty()
        || !settings.listed_insecure.is_empty()
}

/// Leaves out all entries that are harmless mistakes. What could not be parsed is left out already.
pub(super) fn leave_out_harmless(settings: &mut Settings) {
    settings
        .methods
        .retain(|method| method_mistake(method).is_none());
    settings
        .headers
        .retain(|name| request_header_mistake(name).is_none());
    settings
        .exposed
        .retain(|name| exposed_header_mistake(name).is_none());
    // With credentials browsers expose nothing for it.
    settings.expose_any &= !settings.credentials;
    let longest = Duration::from_secs(MAX_MAX_AGE);
    settings.max_age = settings.max_age.map(|max_age| max_age.min(longest));
}

/// Checks that the settings allow no origin, because an asynchronous predicate does.
#[cfg(feature = "cache")]
pub(super) fn check_no_origins(settings: &Settings, errors: &mut Vec<PolicyError>) {
    if settings.any_origin
        || settings.null_origin
        || settings.nobody
        || settings.file_origin
        || settings.local_network
        || settings.predicate.is_some()
        || !settings.origins.is_empty()
        || errors.iter().any(is_malformed_origin)
    {
        errors.push(PolicyError::OriginsBesideLookup);
    }
}

/// Checks what is harmless in a public response, but exposes users if responses depend on their credentials.
fn check_credentials(settings: &Settings, errors: &mut Vec<PolicyError>) {
    if settings.any_origin {
        errors.push(PolicyError::AnyOriginWithCredentials);
    }
    if settings.local_network {
        errors.push(PolicyError::LocalNetworkWithCredentials);
    }
    if settings.null_origin {
        errors.push(PolicyError::NullOriginWithCredentials);
    }
    if settings.file_origin && !settings.file_origin_with_credentials {
        errors.push(PolicyError::FileOriginWithCredentials);
    }
    let origins = || settings.origins.iter();
    errors.extend(origins().filter_map(|pattern| insecure_mistake(settings, pattern)));
    errors.extend(origins().filter_map(|pattern| whole_scheme_mistake(settings, pattern)));
    let listed = origins().chain(&settings.listed_insecure);
    errors.extend(listed.filter_map(|pattern| public_suffix_mistake(settings, pattern)));
    if !settings.everyone_on_purpose {
        errors.extend(predicate_mistake(settings));
    }
    if settings.expose_any {
        errors.push(PolicyError::AnyExposedHeaderWithCredentials);
    }
}

/// The methods that RFC 9110 and RFC 5789 define and pages can send, in the case that the standard gives them.
const STANDARD_METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];
/// <https://fetch.spec.whatwg.org/#forbidden-method>
const FORBIDDEN_METHODS: [&str; 3] = ["CONNECT", "TRACE", "TRACK"];

fn method_mistake(method: &Method) -> Option<PolicyError> {
    let name = method.as_str();
    if name == "*" {
        return Some(PolicyError::WildcardMethod);
    }
    if FORBIDDEN_METHODS
        .iter()
        .any(|forbidden| forbidden.eq_ignore_ascii_case(name))
    {
        return Some(PolicyError::ForbiddenMethod(method.clone()));
    }
    let standard = STANDARD_METHODS
        .into_iter()
        .find(|standard| standard.eq_ignore_ascii_case(name))?;
    (standard != name).then(|| PolicyError::MethodCase {
        given: method.clone(),
        standard,
    })
}

/// <https://fetch.spec.whatwg.org/#forbidden-request-header>, without those that have a prefix.
const FORBIDDEN_REQUEST_HEADERS: [HeaderName; 18] = [
    header::ACCEPT_CHARSET,
    header::ACCEPT_ENCODING,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::COOKIE,
    HeaderName::from_static("cookie2"),
    header::DATE,
    header::DNT,
    header::EXPECT,
    header::HOST,
    HeaderName::from_static("keep-alive"),
    header::ORIGIN,
    header::REFERER,
    header::SET_COOKIE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

fn request_header_mistake(name: &HeaderName) -> Option<PolicyError> {
    let text = name.as_str();
    let forbidden = FORBIDDEN_REQUEST_HEADERS.contains(name)
        || name == header::VIA
        || ["proxy-", "sec-", "access-control-"]
            .iter()
            .any(|prefix| text.starts_with(prefix));
    match text {
        "*" => Some(PolicyError::WildcardRequestHeader),
        _ => forbidden.then(|| PolicyError::ForbiddenRequestHeader(name.clone())),
    }
}

/// The headers that pages can never read (<https://fetch.spec.whatwg.org/#forbidden-response-header-name>), and those
/// that only requests have.
const NEVER_EXPOSED: [HeaderName; 15] = [
    header::SET_COOKIE,
    HeaderName::from_static("set-cookie2"),
    header::COOKIE,
    HeaderName::from_static("cookie2"),
    header::DNT,
    header::EXPECT,
    header::HOST,
    header::IF_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::IF_RANGE,
    header::IF_UNMODIFIED_SINCE,
    header::ORIGIN,
    header::REFERER,
    header::TE,
];

fn exposed_header_mistake(name: &HeaderName) -> Option<PolicyError> {
    match name.as_str() {
        "*" => Some(PolicyError::WildcardExposedHeader),
        text => (NEVER_EXPOSED.contains(name) || text.starts_with("access-control-"))
            .then(|| PolicyError::ForbiddenExposedHeader(name.clone())),
    }
}

/// The name of a stranger. Nobody has it.
const STRANGER: &str = "tower-cors-asks-for-a-stranger";

/// Origins that nobody owns (<https://www.rfc-editor.org/rfc/rfc6761#section-6.4>), and those of a device in some network and
/// of some extension, app or view. A predicate that accepts one of them accepts anyone of its kind.
const STRANGERS: [&str; 10] = [
    "https://tower-cors-asks-for-a-stranger.invalid",
    "https://app.tower-cors-asks-for-a-stranger.invalid:8443",
    "http://tower-cors-asks-for-a-stranger.invalid",
    "https://203.0.113.177",
    "https://192.168.203.177",
    "chrome-extension://hgfedcbaponmlkjihgfedcbaponmlkji",
    "moz-extension://7406153f-dcab-4efd-8f0d-7406153fdcab",
    "safari-web-extension://7406153f-dcab-4efd-8f0d-7406153fdcab",
    "vscode-webview://tower-cors-asks-for-a-stranger",
    "app://tower-cors-asks-for-a-stranger",
];

/// The most listed origins whose look-alikes a predicate is called with.
const IMITATED: usize = 16;

/// The most listed origins that are imitated below each hosting service.
const IMITATED_EVERYWHERE: usize = 4;

/// Calls the predicate with origins of strangers: names that nobody owns, names that anyone can register, and look-alikes of
/// listed origins, which comparisons of prefixes and suffixes accept.
fn predicate_mistake(settings: &Settings) -> Option<PolicyError> {
    let predicate = settings.predicate.as_ref()?;
    let any_owner = settings.public_suffixes;
    let listed = || settings.origins.iter().take(IMITATED);
    let hosted = || {
        let names = listed().filter_map(own_label).take(IMITATED_EVERYWHERE);
        let names =
            names.flat_map(|own| [format!("{own}-{STRANGER}"), format!("{STRANGER}-{own}")]);
        names
            .chain([STRANGER.to_owned()])
            .flat_map(|name| {
                public_suffix::HOSTING.map(|suffix| format!("https://{name}.{suffix}"))
            })
            .chain([format!("https://{STRANGER}.local")])
    };
    let ask = |origin: &Origin| catch_unwind(AssertUnwindSafe(|| predicate(origin)));
    let accepts_siblings = |host: &str| {
        let sibling = sibling(host).and_then(|sibling| sibling.parse().ok());
        sibling.is_some_and(|sibling| matches!(ask(&sibling), Ok(true)))
    };
    let look_alikes = listed().flat_map(|listed| {
        let host = listed.host();
        // Such a name has the same owner, who may mean all names at its domain.
        let same_owner = !accepts_siblings(host);
        [
            Some(format!("https://{host}.{STRANGER}.invalid")),
            Some(format!("https://{}", of_another_owner(host))),
            same_owner.then(|| format!("https://{STRANGER}{host}")),
        ]
        .into_iter()
        .flatten()
    });
    let neighbors = listed()
        .filter_map(|listed| listed.to_string().parse::<Origin>().ok())
        .flat_map(|listed| neighbors(&listed, any_owner).collect::<Vec<_>>());
    let mut all = STRANGERS
        .into_iter()
        .map(str::to_owned)
        .chain((!any_owner).then(hosted).into_iter().flatten())
        .chain(look_alikes)
        .filter_map(|stranger| stranger.parse().ok())
        .chain(neighbors);
    all.find_map(|stranger: Origin| {
        // What is listed too is allowed anyway.
        let mut patterns = settings.origins.iter();
        if patterns.any(|listed| listed.matches(&stranger)) {
            return None;
        }
        let text = || stranger.as_str().to_owned();
        match ask(&stranger) {
            Ok(accepts) => accepts.then(|| PolicyError::PredicateAcceptsStrangers(text())),
            Err(_) => Some(PolicyError::PredicatePanics(text())),
        }
    })
}

/// Returns an origin with another first label and the same owner: `https://stranger.example.com` of `app.example.com`.
fn sibling(host: &str) -> Option<String> {
    let name = host.strip_prefix("*.").unwrap_or(host);
    let Registrable { before, .. } = public_suffix::registrable(name)?;
    let (first, _) = before.split_once('.')?;
    let rest = name.strip_prefix(first)?;
    Some(format!("https://{STRANGER}{rest}"))
}

/// Returns a host that ends like a listed one and has another owner.
fn of_another_owner(host: &str) -> String {
    let name = host.strip_prefix("*.").unwrap_or(host);
    match public_suffix::registrable(name) {
        Some(Registrable {
            before,
            label,
            after,
        }) if !before.contains('*') => format!("{before}{STRANGER}{label}{after}"),
        Some(Registrable { label, after, .. }) => format!("{STRANGER}{label}{after}"),
        None => format!("{STRANGER}{name}"),
    }
}

/// Returns the label that the owner of a listed origin chose, such as `myapp` of `https://myapp.example`.
fn own_label(listed: &OriginPattern) -> Option<&str> {
    let host = listed.host();
    let name = host.strip_prefix("*.").unwrap_or(host);
    let label = public_suffix::registrable(name)?.label;
    (!label.contains('*')).then_some(label)
}

/// Returns the mistake of an origin that is added to the settings.
#[cfg(feature = "cache")]
pub(super) fn origin_mistake(settings: &Settings, pattern: &OriginPattern) -> Option<PolicyError> {
    if !settings.credentials {
        return None;
    }
    insecure_mistake(settings, pattern)
        .or_else(|| whole_scheme_mistake(settings, pattern))
        .or_else(|| public_suffix_mistake(settings, pattern))
}

fn insecure_mistake(settings: &Settings, pattern: &OriginPattern) -> Option<PolicyError> {
    let is_mistake = !settings.insecure_origins
        && pattern.is_insecure()
        && !settings.listed_insecure.contains(pattern);
    is_mistake.then(|| PolicyError::InsecureOriginWithCredentials(pattern.clone()))
}

fn whole_scheme_mistake(settings: &Settings, pattern: &OriginPattern) -> Option<PolicyError> {
    let is_mistake =
        pattern.is_whole_scheme() && !settings.whole_scheme_exceptions.contains(pattern);
    is_mistake.then(|| PolicyError::WholeSchemeWithCredentials(pattern.clone()))
}

fn public_suffix_mistake(settings: &Settings, pattern: &OriginPattern) -> Option<PolicyError> {
    if settings.public_suffixes || settings.public_suffix_exceptions.contains(pattern) {
        return None;
    }
    let below = match public_suffix::relation(pattern.base_domain()?) {
        Relation::Is => false,
        Relation::LiesBelow => true,
        Relation::None => return None,
    };
    Some(PolicyError::PublicSuffixWithCredentials {
        pattern: pattern.clone(),
        below,
    })
}
