import Foundation
import ServiceLifecycle
import UnixSignals

/// Runs services until SIGTERM or SIGINT, which drains; a second signal ends the process at once. SIGHUP reloads.
struct Shutdown {
    private let signals: UnixSignalsSequence

    /// Catches the signals from now on: one that comes before ``run(_:reload:)`` is not lost.
    init() async {
        signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
    }

    /// - Parameter reload: reads again what can be read again while the services run.
    /// - Throws: what a service throws.
    func run(_ group: ServiceGroup, reload: @escaping @Sendable () -> Void) async throws {
        // Leaving the scope cancels the watch, which ends it.
        async let _: Void = watch(group, reload)
        try await group.run()
    }

    private func watch(_ group: ServiceGroup, _ reload: @Sendable () -> Void) async {
        var isDraining = false
        for await signal in signals {
            if signal == .sighup {
                reload()
                continue
            }
            // 128 + the signal, as a shell says it of a process that a signal ended.
            if isDraining { exit(128 + signal.rawValue) }
            isDraining = true
            await group.triggerGracefulShutdown()
        }
    }
}
