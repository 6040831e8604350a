import Testing

@testable import TributaryCore

@Suite struct AdmissionLimitsTests {
    private func limits(_ configure: (inout HubConfiguration) -> Void) -> AdmissionLimits {
        var configuration = HubConfiguration(node: "n1", version: "test")
        configure(&configuration)
        return AdmissionLimits(configuration)
    }

    @Test func `a node takes as many streams as it may`() throws {
        var limits = limits { $0.maximumStreams = 2 }
        try limits.enter("10.0.0.1", now: 0)
        try limits.enter(nil, now: 0)
        #expect(throws: AdmissionRefusal.nodeFull(maximum: 2)) { try limits.enter("10.0.0.2", now: 0) }
        limits.leave(nil)
        try limits.enter("10.0.0.2", now: 0)
        #expect(limits.count == 2)
    }

    @Test func `an address has as many streams as it may, and this machine any number`() throws {
        var limits = limits { $0.maximumStreamsPerAddress = 2 }
        for _ in 0..<2 { try limits.enter("10.0.0.1", now: 0) }
        #expect(throws: AdmissionRefusal.addressLimit(current: 2, maximum: 2)) { try limits.enter("10.0.0.1", now: 0) }
        try limits.enter("10.0.0.2", now: 0)
        for address in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            for _ in 0..<5 { try limits.enter(address, now: 0) }
        }
        #expect(throws: AdmissionRefusal.addressLimit(current: 2, maximum: 2)) { try limits.check("10.0.0.1", now: 0) }
        limits.leave("10.0.0.1")
        try limits.check("10.0.0.1", now: 0)
        try limits.enter("10.0.0.1", now: 0)
    }

    @Test func `an address opens so many streams a second`() throws {
        var limits = limits { $0.acceptsPerSecondPerAddress = 10 }
        for _ in 0..<10 { try limits.enter("10.0.0.1", now: 5_000_000) }
        #expect(throws: AdmissionRefusal.addressRate(retryMilliseconds: 100)) {
            try limits.enter("10.0.0.1", now: 5_000_000)
        }
        // Another address is not held up by it.
        try limits.enter("10.0.0.2", now: 5_000_000)
        try limits.enter("10.0.0.1", now: 5_100_000)
        #expect(throws: AdmissionRefusal.addressRate(retryMilliseconds: 50)) {
            try limits.enter("10.0.0.1", now: 5_150_000)
        }
        // However long it was quiet, it gets no more than a second's worth.
        for _ in 0..<10 { try limits.enter("10.0.0.1", now: 60_000_000) }
        #expect(throws: AdmissionRefusal.self) { try limits.enter("10.0.0.1", now: 60_000_000) }
    }

    @Test func `whoever only asks is told the rate, and spends nothing of it`() throws {
        var limits = limits { $0.acceptsPerSecondPerAddress = 2 }
        for _ in 0..<5 { try limits.check("10.0.0.1", now: 5_000_000) }
        for _ in 0..<2 { try limits.enter("10.0.0.1", now: 5_000_000) }
        for _ in 0..<5 {
            #expect(throws: AdmissionRefusal.addressRate(retryMilliseconds: 500)) {
                try limits.check("10.0.0.1", now: 5_000_000)
            }
        }
        try limits.check("10.0.0.2", now: 5_000_000)
        try limits.check("10.0.0.1", now: 5_500_000)
        try limits.enter("10.0.0.1", now: 5_500_000)
    }

    @Test func `many addresses take a bounded memory`() throws {
        var limits = limits { $0.acceptsPerSecondPerAddress = 1 }
        for n in 0..<30_000 {
            let address = "10.\(n / 65_536).\(n / 256 % 256).\(n % 256)"
            try limits.enter(address, now: UInt64(n))
            limits.leave(address)
        }
        // Those that were quiet for a second are forgotten; then there is room for others, which are limited again.
        try limits.enter("11.0.0.1", now: 2_000_000)
        #expect(throws: AdmissionRefusal.self) { try limits.enter("11.0.0.1", now: 2_000_001) }
    }
}
