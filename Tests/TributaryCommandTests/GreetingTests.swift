import Testing
import TributaryServer

@testable import tributary

@Suite struct GreetingTests {
    private func lines(_ change: (inout ServeOptions) -> Void) -> [String] {
        var options = ServeOptions()
        change(&options)
        return Greeting(options: options, node: "n1", port: 81, command: "tributary").lines
    }

    @Test func `it shows an address to connect to where the hub listens on all`() {
        let lines = lines { options in
            options.hostname = "0.0.0.0"
            options.auth = [.disabled]
        }
        #expect(lines[0].contains("http://0.0.0.0:81"))
        #expect(lines[1].hasPrefix("WARNING: no authentication"))
        #expect(lines[3] == "  curl -N 'http://127.0.0.1:81/stream?channels=chat,jobs'")
    }

    @Test func `addresses of IPv6 stand in brackets, and those in quotes`() {
        let lines = lines { $0.hostname = "::" }
        #expect(lines[0].contains("http://[::]:81"))
        #expect(lines[4].hasSuffix("--url 'http://[::1]:81'"))
    }

    @Test func `where tokens are asked for, it shows how to make one`() {
        let lines = lines { $0.auth = [.jwt] }
        #expect(lines[1] == "Everybody is asked who they are: jwt.")
        #expect(lines[3] == "  TOKEN=$(tributary token --user ada --publish '*')")
        #expect(lines[4].hasSuffix("&token=$TOKEN\""))
    }

    @Test func `it says where durable events are kept`() {
        #expect(lines { $0.data = "/var/lib/hub.sqlite" }[0].contains("durable events kept in /var/lib/hub.sqlite"))
    }

    @Test func `it names the Redis without its password`() {
        let lines = lines { $0.redis = "redis://user:secret@h/2" }
        #expect(lines[0].contains("events through redis://h:6379/2"))
        #expect(!lines.joined().contains("secret"))
    }

    @Test func `it names the pages that a browser may open`() {
        let demo = lines { $0.demo = true }.suffix(2)
        #expect(demo == ["Look at it: http://127.0.0.1:81/", "A small chat: http://127.0.0.1:81/demo"])
        // Where others come, and nobody can be an operator, there is nothing to look at.
        let open = lines { options in
            options.hostname = "0.0.0.0"
            options.auth = [.disabled]
        }
        #expect(!open.contains { $0.hasPrefix("Look at it") })
    }
}
