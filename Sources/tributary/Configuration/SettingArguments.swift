import ArgumentParser

/// The flags of every ``Setting``, as ArgumentParser reads them.
///
/// ArgumentParser finds the options of a type in its mirror and fills them through `Decodable`; both are made from the
/// table here, so that a row is enough for a flag.
struct SettingArguments: ParsableArguments, CustomReflectable {
    /// What was given, by the setting's name; `true` or `false` for flags.
    private(set) var values: [String: String] = [:]

    init() {}

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Name.self)
        for setting in Setting.all {
            let name = Name(setting.name)
            switch setting.kind {
            case .flag:
                values[setting.name] = try container.decode(Flag<Bool?>.self, forKey: name).wrappedValue?.description
            case .text, .integer:
                values[setting.name] = try container.decode(Option<String?>.self, forKey: name).wrappedValue
            }
        }
    }

    var customMirror: Mirror {
        Mirror(self, children: Setting.all.map { (label: "_" + $0.name, value: $0.argument) })
    }

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.init(stringValue) }
        init?(intValue: Int) { nil }
    }
}

extension Setting {
    /// The flag that ArgumentParser shows and reads.
    fileprivate var argument: Any {
        let help = ArgumentHelp("\(help) (default: \(defaultText); \(environmentName))", valueName: placeholder)
        return switch kind {
        case .flag: Flag<Bool?>(name: .customLong(name), inversion: .prefixedNo, help: help)
        case .text, .integer: Option<String?>(name: .customLong(name), help: help)
        }
    }
}
