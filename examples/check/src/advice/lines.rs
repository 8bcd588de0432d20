//! The lines to write, server by server.

use super::Need;

/// `"a", "b"`.
pub(super) fn quoted(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| format!("\"{item}\"")).collect();
    items.join(", ")
}

/// `["a", "b"]`.
pub(super) fn list(items: &[String]) -> String {
    format!("[{}]", quoted(items))
}

/// The origins that a list must have: the one that is not allowed, or those that alone are meant.
pub(super) fn origins(need: &Need) -> Vec<String> {
    match &need.origin {
        Some(origin) => vec![origin.clone()],
        None => need.meant.clone(),
    }
}

/// The first of these origins.
pub(super) fn origin(need: &Need) -> String {
    origins(need).into_iter().next().unwrap_or_default()
}

pub(super) fn nginx(need: &Need) -> Vec<String> {
    let mut lines = Vec::new();
    if need.once {
        lines.push("proxy_hide_header Access-Control-Allow-Origin;  # if nginx adds it and the server behind it too".to_owned());
    }
    if let Some(origin) = &need.origin {
        lines.push("# in http { }; only whole origins, no `~` that matches a part".to_owned());
        lines.push(format!(
            "map $http_origin $cors_origin {{ \"{origin}\" $http_origin; }}"
        ));
        lines.push("# in the location; `always` adds it to errors too".to_owned());
        lines.push("add_header Access-Control-Allow-Origin $cors_origin always;".to_owned());
    } else if need.errors {
        lines.push(
            "# add `always` to each `add_header Access-Control-…`, so that errors have it too"
                .to_owned(),
        );
        lines.push("add_header Access-Control-Allow-Origin $cors_origin always;".to_owned());
    } else if need.exact {
        lines.push("# in http { }: list whole origins, instead of `$http_origin` or an expression that matches a part".to_owned());
        let entries: Vec<String> = origins(need)
            .iter()
            .map(|origin| format!("\"{origin}\" $http_origin;"))
            .collect();
        lines.push(format!(
            "map $http_origin $cors_origin {{ {} }}",
            entries.join(" ")
        ));
        lines.push(
            "add_header Access-Control-Allow-Origin $cors_origin always;  # in the location"
                .to_owned(),
        );
    }
    if need.origin.is_some() || need.vary {
        lines.push("add_header Vary Origin always;".to_owned());
    }
    if need.credentials {
        lines.push("add_header Access-Control-Allow-Credentials true always;".to_owned());
    }
    if !need.methods.is_empty() {
        lines.push(format!(
            "add_header Access-Control-Allow-Methods \"{}\" always;",
            need.methods.join(", ")
        ));
    }
    if !need.headers.is_empty() {
        lines.push(format!(
            "add_header Access-Control-Allow-Headers \"{}\" always;",
            need.headers.join(", ")
        ));
    }
    if need.preflight {
        lines.push("if ($request_method = OPTIONS) { return 204; }  # runs before auth_basic, auth_request and proxy_pass".to_owned());
    }
    lines
}

pub(super) fn caddy(need: &Need) -> Vec<String> {
    let mut lines = Vec::new();
    if need.once {
        lines.push("header_down -Access-Control-Allow-Origin  # in reverse_proxy { }, if Caddy adds it too".to_owned());
    }
    if let Some(origin) = &need.origin {
        lines.push(format!("@cors header Origin {origin}"));
        lines.push(format!("header @cors Access-Control-Allow-Origin {origin}"));
    } else if need.exact {
        lines.push("# whole origins, without `*`".to_owned());
        lines.push("@cors {".to_owned());
        lines.extend(
            origins(need)
                .iter()
                .map(|origin| format!("    header Origin {origin}")),
        );
        lines.push("}".to_owned());
        lines.push("header @cors Access-Control-Allow-Origin {header.Origin}".to_owned());
    } else if need.errors {
        lines.push("handle_errors {".to_owned());
        lines.push(format!(
            "    header Access-Control-Allow-Origin {}",
            origin(need)
        ));
        lines.push("}".to_owned());
    }
    if need.origin.is_some() || need.vary {
        lines.push("header +Vary Origin".to_owned());
    }
    let matcher = if need.origin.is_some() { "@cors " } else { "" };
    if need.credentials {
        lines.push(format!(
            "header {matcher}Access-Control-Allow-Credentials true"
        ));
    }
    if !need.methods.is_empty() {
        lines.push(format!(
            "header {matcher}Access-Control-Allow-Methods \"{}\"",
            need.methods.join(", ")
        ));
    }
    if !need.headers.is_empty() {
        lines.push(format!(
            "header {matcher}Access-Control-Allow-Headers \"{}\"",
            need.headers.join(", ")
        ));
    }
    if need.preflight {
        lines.push("@preflight method OPTIONS".to_owned());
        lines.push("respond @preflight 204  # in `route { }`, before basic_auth, forward_auth and reverse_proxy".to_owned());
    }
    lines
}

pub(super) fn express(need: &Need) -> Vec<String> {
    if need.once {
        return vec!["// keep one: app.use(cors(…)), or res.setHeader(\"Access-Control-Allow-Origin\", …), or the proxy's".to_owned()];
    }
    if need.vary && need.origin.is_none() {
        return vec!["res.vary(\"Origin\");  // cors() with a list of origins does it".to_owned()];
    }
    let mut options = Vec::new();
    if need.origin.is_some() || need.exact {
        options.push(format!("origin: {}", list(&origins(need))));
    }
    if need.credentials {
        options.push("credentials: true".to_owned());
    }
    if !need.methods.is_empty() {
        options.push(format!("methods: {}", list(&need.methods)));
    }
    if !need.headers.is_empty() {
        options.push(format!("allowedHeaders: {}", list(&need.headers)));
    }
    let mut lines = Vec::new();
    if need.preflight || need.errors {
        lines.push("// before authentication and all routes: it answers OPTIONS, and errors keep its headers".to_owned());
    }
    let options = match options.is_empty() {
        true => "…".to_owned(),
        false => format!("{{ {} }}", options.join(", ")),
    };
    lines.push(format!("app.use(cors({options}));"));
    lines
}

pub(super) fn fastapi(need: &Need) -> Vec<String> {
    if need.once {
        return vec!["# keep one: CORSMiddleware, or response.headers[\"Access-Control-Allow-Origin\"], or the proxy's".to_owned()];
    }
    if need.vary && need.origin.is_none() {
        return vec!["response.headers.add_vary_header(\"Origin\")  # CORSMiddleware with a list of origins does it".to_owned()];
    }
    let mut options = Vec::new();
    if need.origin.is_some() || need.exact {
        options.push(format!("allow_origins={}", list(&origins(need))));
    }
    if need.credentials {
        options.push("allow_credentials=True".to_owned());
    }
    if !need.methods.is_empty() {
        options.push(format!("allow_methods={}", list(&need.methods)));
    }
    if !need.headers.is_empty() {
        options.push(format!("allow_headers={}", list(&need.headers)));
    }
    let options = match options.is_empty() {
        true => "…".to_owned(),
        false => options.join(", "),
    };
    if need.errors {
        return vec![
            "# around the whole application, because middleware of FastAPI is inside its handler of errors (500)".to_owned(),
            format!("app = CORSMiddleware(app, {options})"),
        ];
    }
    let mut lines = Vec::new();
    if need.preflight {
        lines.push("# add it last: the last one is the outermost".to_owned());
    }
    lines.push(format!("app.add_middleware(CORSMiddleware, {options})"));
    lines
}

pub(super) fn spring(need: &Need) -> Vec<String> {
    if need.once {
        return vec![
            "// keep one: CorsConfiguration, @CrossOrigin, or response.setHeader, or the proxy's"
                .to_owned(),
        ];
    }
    if need.vary && need.origin.is_none() {
        return vec![
            "response.addHeader(\"Vary\", \"Origin\");  // Spring's own CORS support does it"
                .to_owned(),
        ];
    }
    let mut calls = String::new();
    if need.origin.is_some() || need.exact {
        calls += &format!(".allowedOrigins({})", quoted(&origins(need)));
    }
    if need.credentials {
        calls += ".allowCredentials(true)";
    }
    if !need.methods.is_empty() {
        calls += &format!(".allowedMethods({})", quoted(&need.methods));
    }
    if !need.headers.is_empty() {
        calls += &format!(".allowedHeaders({})", quoted(&need.headers));
    }
    let mut lines = Vec::new();
    if !calls.is_empty() {
        lines.push(format!(
            "registry.addMapping(\"/**\"){calls};  // WebMvcConfigurer.addCorsMappings"
        ));
    }
    if need.preflight || need.errors {
        lines.push("http.cors(Customizer.withDefaults());  // SecurityFilterChain: CORS before authentication".to_owned());
    }
    lines
}

pub(super) fn cloudflare(need: &Need) -> Vec<String> {
    const HEADERS: &str = "response.headers";
    let mut lines = Vec::new();
    if need.once {
        return vec!["// Rules > Response Header Transform Rules: \"Set static\" replaces the header, \"Add static\" doubles it".to_owned()];
    }
    if need.preflight {
        lines.push("// Zero Trust Access: \"Bypass options requests to origin\"; WAF: a rule that skips OPTIONS".to_owned());
    }
    if need.errors && need.origin.is_none() {
        lines.push("// Cloudflare's own errors have no CORS headers: look into Security > Events and the server behind it".to_owned());
    }
    let mut set =
        |name: &str, value: String| lines.push(format!("{HEADERS}.set(\"{name}\", \"{value}\");"));
    if let Some(origin) = &need.origin {
        set("Access-Control-Allow-Origin", origin.clone());
    }
    if need.credentials {
        set("Access-Control-Allow-Credentials", "true".to_owned());
    }
    if !need.methods.is_empty() {
        set("Access-Control-Allow-Methods", need.methods.join(", "));
    }
    if !need.headers.is_empty() {
        set("Access-Control-Allow-Headers", need.headers.join(", "));
    }
    if need.exact {
        lines.push(
            "if (ALLOWED.has(request.headers.get(\"Origin\")))  // a Set of whole origins"
                .to_owned(),
        );
    }
    if need.origin.is_some() || need.vary {
        lines.push(format!("{HEADERS}.append(\"Vary\", \"Origin\");"));
    }
    if lines.iter().any(|line| line.starts_with(HEADERS)) {
        lines.insert(
            0,
            "// in a Worker, or the same as Response Header Transform Rules".to_owned(),
        );
    }
    lines
}

pub(super) fn s3(need: &Need) -> Vec<String> {
    if need.once {
        return vec!["S3 sends it once: look for a CloudFront response headers policy; set \"Origin override\"".to_owned()];
    }
    let mut fields = Vec::new();
    let needs_rule =
        need.origin.is_some() || need.exact || need.credentials || need.vary || need.errors;
    if needs_rule || !need.methods.is_empty() || !need.headers.is_empty() {
        fields.push(format!("\"AllowedOrigins\": {}", list(&origins(need))));
    }
    // A rule must have both.
    if !fields.is_empty() {
        let known = ["GET", "PUT", "POST", "DELETE", "HEAD"];
        if !known.contains(&need.method.as_str()) {
            return vec![format!(
                "S3 has no method {}: send the request to another server",
                need.method
            )];
        }
        let listed = need
            .methods
            .iter()
            .filter(|method| known.contains(&method.as_str()));
        let mut methods: Vec<String> = listed.cloned().collect();
        if methods.is_empty() {
            methods.push(need.method.clone());
        }
        fields.push(format!("\"AllowedMethods\": {}", list(&methods)));
    }
    if !need.headers.is_empty() {
        fields.push(format!("\"AllowedHeaders\": {}", list(&need.headers)));
    }
    let mut lines = Vec::new();
    if !fields.is_empty() {
        lines.push(format!(
            "[{{ {} }}]  # aws s3api put-bucket-cors; a rule answers if all of it matches",
            fields.join(", ")
        ));
    }
    if need.preflight {
        lines
            .push("S3 answers a preflight with 403 if no rule of the bucket matches it".to_owned());
    }
    if need.origin.is_some() || need.vary {
        lines.push("behind CloudFront: origin request policy CORS-S3Origin, and OPTIONS among the cached methods".to_owned());
    }
    lines
}

pub(super) fn tower_cors(need: &Need) -> Vec<String> {
    if need.once {
        return vec![
            "// the layer sends it once: look for a handler or a proxy that adds it outside"
                .to_owned(),
        ];
    }
    if need.vary && need.origin.is_none() {
        return vec!["CorsLayer::new(policy)  // sends `Vary: Origin` by itself".to_owned()];
    }
    let mut calls = String::new();
    if need.origin.is_some() || need.exact {
        calls += &format!(".allow_origins({})", list(&origins(need)));
    }
    if need.credentials {
        calls += ".allow_credentials(true)";
    }
    if !need.methods.is_empty() {
        calls += &format!(".allow_methods({})", list(&need.methods));
    }
    if !need.headers.is_empty() {
        calls += &format!(".allow_headers({})", list(&need.headers));
    }
    let mut lines = Vec::new();
    if !calls.is_empty() {
        lines.push(format!("Policy::builder(){calls}"));
    }
    if need.preflight || need.errors {
        lines.push("// the last one is the outermost".to_owned());
        lines.push(
            "Router::new().route(…).layer(authentication).layer(CorsLayer::new(policy))".to_owned(),
        );
    }
    lines
}
