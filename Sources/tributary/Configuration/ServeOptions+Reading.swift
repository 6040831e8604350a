extension ServeOptions {
    /// The environment variable that names the configuration file.
    static let configVariable = "TRIBUTARY_CONFIG"

    /// Variables that begin with `TRIBUTARY_` and are not `serve`'s own: the other commands', and the build's.
    static let foreignVariables = ["TRIBUTARY_URL", "TRIBUTARY_WARNINGS_AS_ERRORS"]

    /// Reads flags over environment over file over defaults.
    ///
    /// - Parameters:
    ///   - arguments: what the command line gave, by the setting's name.
    ///   - environment: every variable; those that begin with `TRIBUTARY_` must be known. An empty one counts as not set.
    ///   - configPath: the file that `--config` named.
    /// - Throws: ``ConfigurationError`` that names the source and the key.
    init(arguments: [String: String], environment: [String: String], configPath: String?) throws {
        let environment = environment.filter { $0.key.hasPrefix("TRIBUTARY_") && !$0.value.isEmpty }
        let known = Setting.all.map(\.environmentName) + [Self.configVariable] + Self.foreignVariables
        for name in environment.keys.sorted() where !known.contains(name) {
            throw ConfigurationError(unknown: name, among: known, in: "environment")
        }
        let file = try (configPath ?? environment[Self.configVariable]).map { try ConfigurationFile(path: $0) }
        self.init()
        var reader = SettingReader(sources: [.arguments(arguments), .environment(environment)])
        if let file { reader.sources.append(.file(file)) }
        for setting in Setting.all { try reader.read(setting, into: &self) }
        guard data == nil || redis == nil else {
            throw ConfigurationError(
                "data and redis exclude each other: with Redis the log is in Redis; give one of the two"
            )
        }
        try checkTokens()
    }
}
