import Foundation
import ServiceLifecycle
import UnixSignals

/// Runs services until SIGTERM or SIGINT, which drains; a second signal ends the process at once.
struct Shutdown {
    private let signals: UnixSignalsSequence

    /// Catches the signals from now on: one that comes before ``run(_:)`` is not lost.
    init() async {
        signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
    }

    /// - Throws: what a service throws.
    func run(_ group: ServiceGroup) async throws {
        // Leaving the scope cancels the watch, which ends it.
        async let _: Void = watch(group)
        try await group.run()
    }

    private func watch(_ group: ServiceGroup) async {
        var isDraining = false
        for await signal in signals {
            // 128 + the signal, as a shell says it of a process that a signal ended.
            if isDraining { exit(128 + signal.rawValue) }
            isDraining = true
            await group.triggerGracefulShutdown()
        }
    }
}
