import NIOPosix
import Testing
import TributaryCore
import TributaryTesting

@Suite struct MemoryCoordinationContractTests {
    @Test(arguments: CoordinationContract.Case.allCases)
    func `memory keeps the contract of coordination`(_ promise: CoordinationContract.Case) async throws {
        let contract = CoordinationContract { times, body in
            let relay = MemoryRelay(eventLoop: MultiThreadedEventLoopGroup.singleton.next())
            let coordination = MemoryCoordination(times: times, relay: relay)
            try await body(
                .init(nodes: [coordination, coordination], relay: relay, wipe: { coordination.removeAll() }))
            #expect(coordination.kind == "memory")
        }
        try await contract.check(promise)
    }
}
