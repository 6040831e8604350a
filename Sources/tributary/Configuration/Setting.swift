/// One option of `serve`: all that the flag, the environment, the file, `--help` and the README know of it.
struct Setting: Sendable {
    /// What a value looks like in the source that gives it.
    enum Kind: Sendable {
        case text
        case integer
        case flag
    }

    /// A value as it was read, of the setting's kind.
    enum Value: Equatable, Sendable {
        case text(String)
        case integer(Int)
        case flag(Bool)
    }

    /// Why a value cannot be used.
    enum Refused: Error {
        /// Continues "… is not".
        case isNot(String)
        /// A sentence of its own, for values that must not be shown.
        case because(String)
    }

    /// The flag without its dashes, and the key in the file.
    let name: String
    let kind: Kind
    /// What stands for the value in help texts, such as `PORT`; empty for a flag.
    let placeholder: String
    /// What holds when nothing gives a value, in words.
    let defaultText: String
    let help: String
    /// The value may hold a password: it is never shown.
    var isSecret = false
    /// Checks the value and writes it where it belongs.
    let apply: @Sendable (_ value: Value, _ options: inout ServeOptions) throws -> Void

    /// The environment variable.
    var environmentName: String {
        "TRIBUTARY_" + name.uppercased().replacing("-", with: "_")
    }
}

extension Setting {
    /// A whole number within `range`.
    static func integer(
        _ name: String,
        _ property: any WritableKeyPath<ServeOptions, Int> & Sendable,
        in range: ClosedRange<Int>,
        placeholder: String,
        defaultText: String? = nil,
        help: String
    ) -> Setting {
        integer(
            name, in: range, placeholder: placeholder,
            defaultText: defaultText ?? String(ServeOptions()[keyPath: property]), help: help
        ) { $1[keyPath: property] = $0 }
    }

    /// A whole number within `range`, or what the hub makes of none.
    static func optionalInteger(
        _ name: String,
        _ property: any WritableKeyPath<ServeOptions, Int?> & Sendable,
        in range: ClosedRange<Int>,
        placeholder: String,
        defaultText: String,
        help: String
    ) -> Setting {
        integer(name, in: range, placeholder: placeholder, defaultText: defaultText, help: help) {
            $1[keyPath: property] = $0
        }
    }

    private static func integer(
        _ name: String,
        in range: ClosedRange<Int>,
        placeholder: String,
        defaultText: String,
        help: String,
        set: @escaping @Sendable (Int, inout ServeOptions) -> Void
    ) -> Setting {
        Setting(
            name: name,
            kind: .integer,
            placeholder: placeholder,
            defaultText: defaultText,
            help: "\(help) \(range.lowerBound) to \(range.upperBound)."
        ) { value, options in
            guard case .integer(let number) = value, range.contains(number) else {
                throw Refused.isNot("a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            set(number, &options)
        }
    }

    /// A text that `check` makes a value of.
    static func text<Stored>(
        _ name: String,
        _ property: any WritableKeyPath<ServeOptions, Stored> & Sendable,
        placeholder: String,
        defaultText: String,
        help: String,
        isSecret: Bool = false,
        check: @escaping @Sendable (String) throws -> Stored
    ) -> Setting {
        Setting(
            name: name, kind: .text, placeholder: placeholder, defaultText: defaultText, help: help, isSecret: isSecret
        ) { value, options in
            guard case .text(let text) = value else { throw Refused.isNot("text") }
            options[keyPath: property] = try check(text)
        }
    }

    /// Something that is on or off.
    static func flag(
        _ name: String,
        _ property: any WritableKeyPath<ServeOptions, Bool> & Sendable,
        help: String
    ) -> Setting {
        Setting(
            name: name,
            kind: .flag,
            placeholder: "",
            defaultText: ServeOptions()[keyPath: property] ? "on" : "off",
            help: help
        ) { value, options in
            guard case .flag(let isOn) = value else { throw Refused.isNot("true or false") }
            options[keyPath: property] = isOn
        }
    }
}
