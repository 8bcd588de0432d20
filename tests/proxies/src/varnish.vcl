vcl 4.1;

backend service {
    .path = "SERVICE";
}

# Preflights are kept too, as some delivery networks do.
sub vcl_recv {
    unset req.http.X-Method;
    unset req.http.X-State;
    if (req.method == "OPTIONS" && req.http.Access-Control-Request-Method) {
        set req.http.X-Method = req.method;
        return (hash);
    }
}

sub vcl_hash {
    hash_data(req.http.X-Method);
}

sub vcl_hit {
    if (obj.ttl <= 0s) {
        set req.http.X-State = "STALE";
    }
}

# What is fetched for the cache is fetched with GET if nothing else is said.
sub vcl_backend_fetch {
    if (bereq.http.X-Method) {
        set bereq.method = bereq.http.X-Method;
        unset bereq.http.X-Method;
    }
    unset bereq.http.X-State;
}

sub vcl_backend_response {
    # Rejections are kept too, as by who protects a service from repeated errors.
    if (beresp.status == 403 && !beresp.http.Cache-Control) {
        set beresp.ttl = 1h;
    }
    set beresp.keep = 1h;
    unset beresp.http.X-Revalidated;
    if (beresp.was_304) {
        set beresp.http.X-Revalidated = "yes";
    }
}

sub vcl_deliver {
    if (obj.uncacheable) {
        set resp.http.X-Cache = "PASS";
    } elsif (req.http.X-State) {
        set resp.http.X-Cache = req.http.X-State;
    } elsif (obj.hits > 0) {
        set resp.http.X-Cache = "HIT";
    } elsif (resp.http.X-Revalidated) {
        set resp.http.X-Cache = "REVALIDATED";
    } else {
        set resp.http.X-Cache = "MISS";
    }
    unset resp.http.X-Revalidated;
}
