import NIOCore
import Testing
import TributaryCore
import TributaryServer
import TributaryTesting

@Suite struct ServerConfigurationTests {
    @Test(arguments: ["0.0.0.0", "::", "192.0.2.1", "::ffff:10.0.0.1"])
    func `an address that others reach needs a word about authentication`(hostname: String) throws {
        var configuration = ServerConfiguration(hostname: hostname)
        #expect(throws: ListenError.authenticationRequired(hostname: hostname)) { try configuration.validate() }
        configuration.authentication = [.disabled]
        try configuration.validate()
    }

    @Test(arguments: ["127.0.0.1", "127.9.8.7", "::1", "localhost", "::ffff:127.0.0.1"])
    func `a loopback address does not`(hostname: String) throws {
        try ServerConfiguration(hostname: hostname).validate()
    }

    @Test func `what cannot be is told before anything listens`() {
        #expect(throws: ListenError.invalidPort(65_536)) { try ServerConfiguration(port: 65_536).validate() }
        #expect(throws: ListenError.invalidPort(-1)) { try ServerConfiguration(port: -1).validate() }
        #expect(throws: ListenError.self) { try ServerConfiguration(heartbeat: .seconds(4)).validate() }
        #expect(throws: ListenError.self) { try ServerConfiguration(hostname: "no such host").validate() }
    }

    @Test func `a port in use is told in so many words`() async throws {
        try await TestServer.run { server in
            let port = try #require(server.address.port)
            let error = await #expect(throws: ListenError.self) {
                try await TestServer.run(ServerConfiguration(port: port)) { _ in }
            }
            #expect(error == .addressInUse(hostname: "127.0.0.1", port: port))
            #expect(error?.description.contains("port \(port) on 127.0.0.1 is in use") == true)
        }
    }
}
