import Configuration
import Synchronization

/// Reads settings through swift-configuration, and knows which source a value came from.
struct SettingReader {
    var sources: [SettingSource]

    func read(_ setting: Setting, into options: inout ServeOptions) throws {
        let access = LastAccess()
        let reader = ConfigReader(providers: sources.map(\.provider), accessReporter: access)
        let key = ConfigKey([setting.name])
        let value: Setting.Value? =
            switch setting.kind {
            case .text: reader.string(forKey: key, isSecret: setting.isSecret).map { .text($0) }
            case .integer: reader.int(forKey: key).map { .integer($0) }
            case .flag: reader.bool(forKey: key).map { .flag($0) }
            }
        guard let asked = access.providersAsked, access.foundSomething else { return }
        // Providers are asked in order until one answers: the last one asked is where the value came from.
        let source = sources[asked - 1]
        do {
            guard let value else { throw Setting.Refused.isNot(setting.kind.rule) }
            try setting.apply(value, &options)
        } catch let refused as Setting.Refused {
            let written = setting.isSecret ? "the value" : "\"\(source.written(setting))\""
            let cause =
                switch refused {
                case .isNot(let rule): "\(written) is not \(rule)"
                case .because(let cause): cause
                }
            throw ConfigurationError("\(source.place(setting)): \(cause)")
        }
    }
}

/// Keeps what the newest read of a reader found. The lock owns the event; a reader reports on the reading thread.
private final class LastAccess: AccessReporter {
    private let event = Mutex<AccessEvent?>(nil)

    func report(_ event: AccessEvent) {
        self.event.withLock { $0 = event }
    }

    var providersAsked: Int? { event.withLock { $0?.providerResults.count } }

    /// A provider gave a value, or had one that is not of the kind asked for.
    var foundSomething: Bool {
        event.withLock { event in
            switch event?.providerResults.last?.result {
            case .success(let found): found.value != nil
            case .failure: true
            case nil: false
            }
        }
    }
}

extension Setting.Kind {
    fileprivate var rule: String {
        switch self {
        case .text: "text"
        case .integer: "a whole number"
        case .flag: "true or false"
        }
    }
}
