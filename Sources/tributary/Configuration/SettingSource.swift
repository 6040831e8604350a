import Configuration

/// A place where settings come from: the command line, the environment or a file.
struct SettingSource {
    let provider: any ConfigProvider
    /// How an error names the place, such as `--port` or `TRIBUTARY_PORT`.
    let place: (Setting) -> String
    /// The value as it was written, for the error.
    let written: (Setting) -> String
}

extension SettingSource {
    static func arguments(_ values: [String: String]) -> Self {
        let typed = values.reduce(into: [AbsoluteConfigKey: ConfigValue]()) { typed, entry in
            let kind = Setting.all.first { $0.name == entry.key }?.kind
            let content = kind?.content(of: entry.value) ?? .string(entry.value)
            typed[AbsoluteConfigKey([entry.key])] = ConfigValue(content, isSecret: false)
        }
        return Self(
            provider: InMemoryProvider(name: "arguments", values: typed),
            place: { "--\($0.name)" },
            written: { values[$0.name] ?? "" }
        )
    }

    static func environment(_ variables: [String: String]) -> Self {
        Self(
            provider: EnvironmentVariablesProvider(environmentVariables: variables).prefixKeys(with: ["tributary"]),
            place: \.environmentName,
            written: { variables[$0.environmentName] ?? "" }
        )
    }

    static func file(_ file: ConfigurationFile) -> Self {
        let typed = file.values.map { (AbsoluteConfigKey([$0.key]), ConfigValue($0.value.content, isSecret: false)) }
        return Self(
            provider: InMemoryProvider(
                name: "file", values: Dictionary(typed, uniquingKeysWith: { first, _ in first })
            ),
            place: { "\(file.path): \($0.name)" },
            written: { file.values[$0.name]?.written ?? "" }
        )
    }
}

extension Setting.Kind {
    fileprivate func content(of text: String) -> ConfigContent {
        switch self {
        case .text: .string(text)
        case .integer: Int(text).map { .int($0) } ?? .string(text)
        case .flag: .bool(text == "true")
        }
    }
}

extension Setting.Value {
    fileprivate var content: ConfigContent {
        switch self {
        case .text(let text): .string(text)
        case .integer(let number): .int(number)
        case .flag(let flag): .bool(flag)
        }
    }

    fileprivate var written: String {
        switch self {
        case .text(let text): text
        case .integer(let number): String(number)
        case .flag(let flag): String(flag)
        }
    }
}
