// What Spring's `CorsFilter` answers to the questions of `../src/bin/behaviour.rs`, in its words: prints a Markdown table.

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.function.Function;
import javax.servlet.FilterChain;
import javax.servlet.http.HttpServletResponse;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;
import org.springframework.web.cors.CorsConfiguration;
import org.springframework.web.cors.UrlBasedCorsConfigurationSource;
import org.springframework.web.filter.CorsFilter;

class Behaviour {
    static final String APP = "https://app.example.com";
    static final String REJECTED = "https://evil.example.net";
    /** The header by which the application shows that it was reached. */
    static final String SERVED = "X-Served";

    static CorsFilter filter(Long maxAge) {
        CorsConfiguration policy = new CorsConfiguration();
        policy.setAllowedOrigins(Arrays.asList(APP));
        policy.setAllowedMethods(Arrays.asList("GET", "PUT"));
        policy.setAllowedHeaders(Arrays.asList("x-token"));
        policy.setAllowCredentials(true);
        policy.setMaxAge(maxAge);
        UrlBasedCorsConfigurationSource source = new UrlBasedCorsConfigurationSource();
        source.registerCorsConfiguration("/**", policy);
        return new CorsFilter(source);
    }

    static MockHttpServletRequest request(String method, String... headers) {
        MockHttpServletRequest request = new MockHttpServletRequest(method, "/");
        request.setScheme("https");
        request.setServerName("api.example.com");
        request.setServerPort(443);
        for (int i = 0; i < headers.length; i += 2) {
            request.addHeader(headers[i], headers[i + 1]);
        }
        return request;
    }

    static MockHttpServletRequest preflight(String origin, String method, String header) {
        return request("OPTIONS", "Origin", origin, "Access-Control-Request-Method", method,
            "Access-Control-Request-Headers", header);
    }

    static MockHttpServletResponse answer(MockHttpServletRequest request, Long maxAge) throws Exception {
        MockHttpServletResponse response = new MockHttpServletResponse();
        FilterChain application = (unused, answer) -> {
            ((HttpServletResponse) answer).addHeader("Vary", "Accept-Encoding");
            ((HttpServletResponse) answer).setHeader(SERVED, "true");
        };
        filter(maxAge).doFilter(request, response, application);
        return response;
    }

    static boolean isServed(MockHttpServletResponse response) {
        return response.getHeader(SERVED) != null;
    }

    static String yesOrNo(boolean is) {
        return is ? "yes" : "no";
    }

    static boolean varies(MockHttpServletResponse response, String on) {
        return Arrays.stream(String.join(",", response.getHeaders("Vary")).split(","))
            .anyMatch(name -> name.trim().equalsIgnoreCase(on));
    }

    static String statusAndHeaders(MockHttpServletResponse response) {
        TreeSet<String> names = new TreeSet<>();
        for (String name : response.getHeaderNames()) {
            String lower = name.toLowerCase(Locale.ROOT);
            if (lower.startsWith("access-control-")) {
                names.add(lower.substring("access-control-".length()));
            }
        }
        return response.getStatus() + ": " + (names.isEmpty() ? "none" : String.join(", ", names));
    }

    static String rejectedGet(MockHttpServletResponse response) {
        return (isServed(response) ? "served" : "blocked") + ", " + response.getStatus()
            + (response.getHeader("Access-Control-Allow-Credentials") == null ? "" : ", with Allow-Credentials");
    }

    static String reaches(MockHttpServletResponse response) {
        return yesOrNo(isServed(response)) + ", " + response.getStatus();
    }

    static String keepsVary(MockHttpServletResponse response) {
        return yesOrNo(varies(response, "accept-encoding")) + ": `" + String.join("`, `", response.getHeaders("Vary")) + "`";
    }

    static String variesOnOrigin(MockHttpServletResponse response) {
        return yesOrNo(varies(response, "origin"));
    }

    static String grantedTo(MockHttpServletResponse response) {
        List<String> granted = response.getHeaders("Access-Control-Allow-Origin");
        return response.getStatus() + (granted.isEmpty() ? ": rejected" : ": allowed `" + String.join("`, `", granted) + "`");
    }

    static String maxAge(MockHttpServletResponse response) {
        List<String> ages = response.getHeaders("Access-Control-Max-Age");
        return ages.isEmpty() ? "none" : String.join(", ", ages);
    }

    static void row(String name, MockHttpServletRequest request, Function<MockHttpServletResponse, String> meaning, Long maxAge)
        throws Exception {
        System.out.println("| " + name + " | " + meaning.apply(answer(request, maxAge)) + " |");
    }

    public static void main(String[] arguments) throws Exception {
        System.out.println("| | Spring |\n|---|---|");
        row("Preflight of a rejected origin: status and `Access-Control-` headers", preflight(REJECTED, "PUT", "x-token"), Behaviour::statusAndHeaders, 600L);
        row("GET of a rejected origin", request("GET", "Origin", REJECTED), Behaviour::rejectedGet, 600L);
        row("WebSocket upgrade of a rejected origin", request("GET", "Origin", REJECTED, "Upgrade", "websocket", "Connection", "Upgrade"), Behaviour::rejectedGet, 600L);
        row("OPTIONS without `Origin` reaches the application", request("OPTIONS"), Behaviour::reaches, 600L);
        row("OPTIONS with an allowed `Origin` and no `Access-Control-Request-Method` reaches it", request("OPTIONS", "Origin", APP), Behaviour::reaches, 600L);
        row("The application's `Vary: Accept-Encoding` stays on a GET of an allowed origin", request("GET", "Origin", APP), Behaviour::keepsVary, 600L);
        row("`Vary: Origin` on a GET without `Origin`", request("GET"), Behaviour::variesOnOrigin, 600L);
        row("`Vary: Origin` on a GET of the allowed origin", request("GET", "Origin", APP), Behaviour::variesOnOrigin, 600L);
        row("GET with two `Origin` lines, an allowed and a rejected one", request("GET", "Origin", APP, "Origin", REJECTED), Behaviour::grantedTo, 600L);
        row("GET with two `Origin` lines, a rejected and an allowed one", request("GET", "Origin", REJECTED, "Origin", APP), Behaviour::grantedTo, 600L);
        row("Preflight for a method that is not allowed", preflight(APP, "DELETE", "x-token"), Behaviour::grantedTo, 600L);
        row("Preflight for a header that is not allowed", preflight(APP, "PUT", "x-other"), Behaviour::grantedTo, 600L);
        row("Preflight that is allowed", preflight(APP, "PUT", "x-token"), Behaviour::grantedTo, 600L);
        row("Its `Access-Control-Max-Age`, of 600 configured", preflight(APP, "PUT", "x-token"), Behaviour::maxAge, 600L);
        row("Its `Access-Control-Max-Age`, with nothing configured", preflight(APP, "PUT", "x-token"), Behaviour::maxAge, null);
    }
}
