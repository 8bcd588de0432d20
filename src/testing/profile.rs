//! Where engines are known to differ from the standard.

use std::time::Duration;

/// Something that an engine was seen to do otherwise than the [Fetch standard](https://fetch.spec.whatwg.org/) says.
///
/// Seen in Chromium 156, Firefox ESR 153.8 and WebKitGTK 2.50.6.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Deviation {
    /// `Access-Control-Allow-Headers: *` also covers `Authorization`, for requests without credentials. All three engines.
    WildcardCoversAuthorization,
    /// `Width`, `Viewport-Width` and `RTT` with digits, `DPR`, `Device-Memory` and `Downlink` with digits and a point between,
    /// `ECT` and `Save-Data: on` need no preflight. Chromium.
    SafelistsClientHints,
    /// The lines of a header that a page appended twice are one value, whose length counts as a whole and which has no spaces
    /// at its ends. Chromium and WebKit.
    CombinesRepeatedHeaders,
    /// Bytes that are not ASCII in `Accept` and `Content-Type` need a preflight. Firefox.
    NonAsciiNeedsPermission,
    /// A `Content-Type` with a comma, or that ends with a second `;`, needs a preflight. Firefox.
    ContentTypeIsStricter,
    /// A `Range` whose numbers are over 2⁶³ − 2 needs a preflight. Chromium.
    RangeNumbersHave63Bits,
    /// A `Range` whose numbers are over 2⁶⁴ − 1 needs a preflight. Firefox and WebKit.
    RangeNumbersHave64Bits,
    /// The unit of a `Range` may be in any case, and its numbers may have a plus sign. WebKit.
    RangeIsLenient,
    /// A name that a page appended twice stands twice in `Access-Control-Request-Headers`. Firefox.
    RepeatsRequestedHeaders,
    /// Safelisted headers need no preflight, however long they are together. Firefox.
    IgnoresSumOfSafelistedValues,
    /// A negative `Access-Control-Max-Age` means "do not cache" instead of 5 s. All three engines.
    NegativeMaxAgeIsZero,
    /// An `Access-Control-Max-Age` that is no number, or is given twice, means "do not cache" instead of 5 s. Firefox.
    MalformedMaxAgeIsZero,
    /// `Access-Control-Max-Age: +60` is 60 s. Chromium and WebKit.
    MaxAgeMayHaveSign,
    /// An `Access-Control-Max-Age` over 2⁶³ − 1 is malformed instead of very long. Chromium and WebKit.
    HugeMaxAgeIsMalformed,
    /// The answer to a preflight replaces what earlier answers for the same origin and URL allowed, instead of adding to
    /// it. Chromium and WebKit.
    NewAnswerReplacesOlder,
    /// `*` among the methods or headers is not cached, so that what only `*` allows is preflighted every time. Firefox.
    WildcardIsNotCached,
    /// A HEAD request that needs a preflight finds it in the cache only if the answer listed HEAD. Firefox.
    HeadMustBeCached,
    /// A cached answer for requests with credentials does not serve requests without. Firefox.
    CredentialsHaveTheirOwnEntries,
    /// An answer that does not allow a header is cached anyway, for what else it allows. WebKit.
    HeaderDenialIsCached,
    /// The failure of the actual request leaves the preflight cache as it is, instead of removing what it held for the
    /// URL. Chromium and WebKit.
    FailedRequestKeepsCache,
    /// An answer to a preflight that lists no methods does not allow that of an upload that is listened to. All three
    /// engines.
    UploadMethodsMustBeListed,
    /// Any cached answer for the URL serves uploads by POST that are listened to, whichever methods it listed. All three
    /// engines.
    AnyAnswerServesUploads,
    /// After a redirect between origins the preflight still carries the page's origin; the actual request has
    /// `Origin: null`. Firefox.
    PreflightKeepsOriginAfterRedirect,
    /// After a redirect to another origin the preflight still names `authorization`, which is sent no more. WebKit.
    PreflightNamesDroppedAuthorization,
    /// Elements with `crossorigin` send `Origin` also to the page's own origin. Chromium and WebKit.
    CrossoriginElementsSendOrigin,
    /// The handshake of a WebSocket has no `Sec-Fetch-*` headers, only `Origin`. Chromium.
    WebSocketHasNoFetchMetadata,
    /// The handshake of a WebSocket has `Sec-Fetch-Dest: websocket` instead of `empty`. WebKit.
    WebSocketIsDestination,
    /// A preflight has `Sec-Fetch-Mode: cors`, alone, also where the URL is not trustworthy. Chromium.
    InsecurePreflightHasMode,
    /// A `no-cors` request has `Origin: null` after a redirect between origins, also if the first of them is the page's.
    /// Chromium.
    NoCorsRedirectHidesOrigin,
    /// After a redirect to another origin of the same site, `Sec-Fetch-Site` is `cross-site` instead of `same-site`. Seen
    /// for two ports of one IP address. Firefox.
    RedirectIsCrossSite,
    /// Several lines of `Location` that are equal are followed as one instead of failing. Chromium and Firefox.
    EqualLocationsAreOne,
    /// Several lines of `Location` are joined with commas and followed instead of failing. WebKit.
    LocationsAreJoined,
    /// Bytes of `Location` that are not ASCII are read as Latin-1, so that those of UTF-8 are encoded twice. WebKit.
    LocationIsLatin1,
    /// An empty `Location` is none instead of the URL itself. Chromium.
    EmptyLocationIsNone,
    /// An empty `Location` is an error instead of the URL itself. WebKit.
    EmptyLocationIsMalformed,
    /// A `Location` that is no URL is an error also if redirects are not followed. Chromium.
    ManualNeedsLocation,
    /// An empty value of a header that a page appends replaces those before it, and is replaced by those after it. Firefox.
    EmptyValueIsReplaced,
    /// The cache modes `no-store` and `reload` preflight a request also if it was allowed before. The preflight has their
    /// headers. Chromium and Firefox.
    ReloadAsksForPermission,
    /// The cache mode `no-cache` does so too. Chromium.
    ValidationAsksForPermission,
    /// The answers to these preflights are not cached. Chromium.
    ReloadIsNotRemembered,
    /// A response that does not pass the CORS check removes what was allowed for its URL, also if the request needed no
    /// preflight. Firefox.
    AnyDenialForgets,
    /// A request with a header such as `If-None-Match` has `Cache-Control: max-age=0` instead of `no-cache`. Chromium.
    ConditionalIsValidated,
    /// The cache mode `only-if-cached` sends a request if nothing is cached. WebKit.
    OnlyIfCachedAsks,
    /// A POST that is redirected within its page's origin keeps `Origin` when it becomes a GET. WebKit.
    RedirectKeepsOwnOrigin,
    /// Pages cannot set `User-Agent`. Chromium.
    UserAgentIsForbidden,
    /// A preflight has `Accept-Language`. All three engines.
    PreflightNamesLanguages,
    /// A cookie that says nothing of `SameSite` is sent as with `SameSite=None`. WebKit.
    UnsaidSameSiteIsNone,
    /// A cookie with `SameSite=None` is stored also without `Secure`. WebKit.
    InsecureSameSiteNone,
    /// For cookies, `http` and `https` of a site are the same site. WebKit.
    SameSiteIgnoresScheme,
    /// No cookies are sent and stored for requests of pages of another site, also with `SameSite=None`. Chromium, without a
    /// window.
    BlocksThirdPartyCookies,
    /// The request of an `<object>` has `Sec-Fetch-Dest: iframe` instead of `object`. WebKit.
    ObjectIsFrame,
}

/// Whose behaviour a [`Browser`](super::Browser) has: the standard's, or an engine's with its [`Deviation`]s.
///
/// ```
/// use std::time::Duration;
/// use tower_cors::testing::{Deviation, Profile};
///
/// assert!(Profile::standard().deviations().is_empty());
/// assert!(Profile::firefox().has(Deviation::RepeatsRequestedHeaders));
/// assert_eq!(Profile::chromium().max_age_limit(), Some(Duration::from_secs(7200)));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Profile {
    deviations: Vec<Deviation>,
    max_age_limit: Option<Duration>,
}

impl Profile {
    /// The [Fetch standard](https://fetch.spec.whatwg.org/), which limits no Max-Age.
    pub fn standard() -> Self {
        Self {
            deviations: Vec::new(),
            max_age_limit: None,
        }
    }

    /// Chromium 156. A preflight's answer lives for at most 7,200 s.
    pub fn chromium() -> Self {
        Self {
            deviations: vec![
                Deviation::WildcardCoversAuthorization,
                Deviation::UploadMethodsMustBeListed,
                Deviation::AnyAnswerServesUploads,
                Deviation::SafelistsClientHints,
                Deviation::NegativeMaxAgeIsZero,
                Deviation::MaxAgeMayHaveSign,
                Deviation::HugeMaxAgeIsMalformed,
                Deviation::NewAnswerReplacesOlder,
                Deviation::FailedRequestKeepsCache,
                Deviation::CombinesRepeatedHeaders,
                Deviation::RangeNumbersHave63Bits,
                Deviation::CrossoriginElementsSendOrigin,
                Deviation::WebSocketHasNoFetchMetadata,
                Deviation::InsecurePreflightHasMode,
                Deviation::NoCorsRedirectHidesOrigin,
                Deviation::EqualLocationsAreOne,
                Deviation::EmptyLocationIsNone,
                Deviation::ManualNeedsLocation,
                Deviation::ReloadAsksForPermission,
                Deviation::ValidationAsksForPermission,
                Deviation::ReloadIsNotRemembered,
                Deviation::ConditionalIsValidated,
                Deviation::UserAgentIsForbidden,
                Deviation::PreflightNamesLanguages,
                Deviation::BlocksThirdPartyCookies,
            ],
            max_age_limit: Some(Duration::from_secs(7200)),
        }
    }

    /// Firefox ESR 153.8. A preflight's answer lives for at most 86,400 s.
    pub fn firefox() -> Self {
        Self {
            deviations: vec![
                Deviation::WildcardCoversAuthorization,
                Deviation::UploadMethodsMustBeListed,
                Deviation::AnyAnswerServesUploads,
                Deviation::RepeatsRequestedHeaders,
                Deviation::IgnoresSumOfSafelistedValues,
                Deviation::NegativeMaxAgeIsZero,
                Deviation::MalformedMaxAgeIsZero,
                Deviation::WildcardIsNotCached,
                Deviation::HeadMustBeCached,
                Deviation::CredentialsHaveTheirOwnEntries,
                Deviation::PreflightKeepsOriginAfterRedirect,
                Deviation::NonAsciiNeedsPermission,
                Deviation::ContentTypeIsStricter,
                Deviation::RangeNumbersHave64Bits,
                Deviation::RedirectIsCrossSite,
                Deviation::EqualLocationsAreOne,
                Deviation::EmptyValueIsReplaced,
                Deviation::ReloadAsksForPermission,
                Deviation::AnyDenialForgets,
                Deviation::PreflightNamesLanguages,
            ],
            max_age_limit: Some(Duration::from_secs(86_400)),
        }
    }

    /// WebKitGTK 2.50.6. A preflight's answer lives for at most 600 s.
    pub fn webkit() -> Self {
        Self {
            deviations: vec![
                Deviation::WildcardCoversAuthorization,
                Deviation::UploadMethodsMustBeListed,
                Deviation::AnyAnswerServesUploads,
                Deviation::NegativeMaxAgeIsZero,
                Deviation::MaxAgeMayHaveSign,
                Deviation::HugeMaxAgeIsMalformed,
                Deviation::NewAnswerReplacesOlder,
                Deviation::HeaderDenialIsCached,
                Deviation::FailedRequestKeepsCache,
                Deviation::PreflightNamesDroppedAuthorization,
                Deviation::CombinesRepeatedHeaders,
                Deviation::RangeNumbersHave64Bits,
                Deviation::RangeIsLenient,
                Deviation::CrossoriginElementsSendOrigin,
                Deviation::WebSocketIsDestination,
                Deviation::ObjectIsFrame,
                Deviation::LocationsAreJoined,
                Deviation::LocationIsLatin1,
                Deviation::EmptyLocationIsMalformed,
                Deviation::OnlyIfCachedAsks,
                Deviation::RedirectKeepsOwnOrigin,
                Deviation::PreflightNamesLanguages,
                Deviation::UnsaidSameSiteIsNone,
                Deviation::InsecureSameSiteNone,
                Deviation::SameSiteIgnoresScheme,
            ],
            max_age_limit: Some(Duration::from_secs(600)),
        }
    }

    /// The same with one more deviation.
    #[must_use]
    pub fn with(mut self, deviation: Deviation) -> Self {
        if !self.has(deviation) {
            self.deviations.push(deviation);
        }
        self
    }

    /// The same without this deviation.
    #[must_use]
    pub fn without(mut self, deviation: Deviation) -> Self {
        self.deviations.retain(|&other| other != deviation);
        self
    }

    /// Whether it deviates so.
    pub fn has(&self, deviation: Deviation) -> bool {
        self.deviations.contains(&deviation)
    }

    /// All that it does otherwise than the standard.
    pub fn deviations(&self) -> &[Deviation] {
        &self.deviations
    }

    /// How long a preflight's answer lives at most, whatever its `Access-Control-Max-Age`.
    pub fn max_age_limit(&self) -> Option<Duration> {
        self.max_age_limit
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::standard()
    }
}
