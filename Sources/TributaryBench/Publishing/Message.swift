/// Makes what is published: payloads with a sequence number, the time, and a pad that brings them to one size.
///
/// The rendered bytes are appended to a buffer that lives on.
struct MessageMaker {
    private enum Step {
        case text([UInt8])
        case sequence, time, pad, project, channel, event, payload
    }

    private let payload: [Step]
    private let body: [Step]
    private let size: Int
    private let hasPad: Bool
    private var rendered: [UInt8] = []

    static let payloadFields = ["sequence", "time", "pad", "project", "channel", "event"]
    static let bodyFields = ["payload"] + payloadFields

    /// - Parameters:
    ///   - payload: what arrives as an event's data.
    ///   - body: what is published, with `{payload}` in it.
    ///   - size: bytes of the payload, as far as `{pad}` can bring it there.
    init(payload: Template, body: Template, size: Int) {
        self.payload = payload.parts.map(Self.step)
        self.body = body.parts.map(Self.step)
        self.size = size
        hasPad = payload.fields.contains("pad")
    }

    /// What stands before the sequence number: bytes by which it is found again in what arrives.
    ///
    /// Without quotes and backslashes where that leaves enough, so that a server may wrap the payload in another string.
    static func marker(of payload: Template) throws -> String {
        var before = ""
        for part in payload.parts {
            switch part {
            case .field("sequence"):
                let plain = String(before.suffix(24).reversed().prefix { $0 != "\"" && $0 != "\\" }.reversed())
                let marker = plain.count >= 3 ? plain : String(before.suffix(24))
                guard marker.count >= 3 else {
                    throw BenchError("--payload: three bytes or more have to stand before {sequence}")
                }
                return marker
            case .text(let text): before = text
            case .field: before = ""
            }
        }
        throw BenchError("--payload: {sequence} is missing")
    }

    /// Appends one message.
    mutating func append(
        to buffer: inout [UInt8], _ address: MessageAddress, sequence: UInt64, time: UInt64
    ) {
        renderPayload(address, sequence, time)
        for step in body { append(step, to: &buffer, address, sequence, time, pad: 0) }
    }

    /// The payload alone.
    mutating func payload(_ address: MessageAddress, sequence: UInt64, time: UInt64) -> [UInt8] {
        renderPayload(address, sequence, time)
        return rendered
    }

    private mutating func renderPayload(_ address: MessageAddress, _ sequence: UInt64, _ time: UInt64) {
        rendered.removeAll(keepingCapacity: true)
        for step in payload { append(step, to: &rendered, address, sequence, time, pad: 0) }
        let pad = max(0, (address.size ?? size) - rendered.count)
        guard pad > 0, hasPad else { return }
        rendered.removeAll(keepingCapacity: true)
        var left = pad
        for step in payload {
            append(step, to: &rendered, address, sequence, time, pad: left)
            if case .pad = step { left = 0 }
        }
    }

    private func append(
        _ step: Step, to buffer: inout [UInt8], _ address: MessageAddress, _ sequence: UInt64, _ time: UInt64, pad: Int
    ) {
        switch step {
        case .text(let bytes): buffer.append(contentsOf: bytes)
        case .sequence: buffer.append(digits: sequence)
        case .time: buffer.append(digits: time)
        case .pad: buffer.append(contentsOf: repeatElement(0x78, count: pad))
        case .project: buffer.append(contentsOf: address.project.utf8)
        case .channel: buffer.append(contentsOf: address.channel.utf8)
        case .event: buffer.append(contentsOf: address.event.utf8)
        case .payload: buffer.append(contentsOf: rendered)
        }
    }

    private static func step(_ part: Template.Part) -> Step {
        switch part {
        case .text(let text): .text(Array(text.utf8))
        case .field("sequence"): .sequence
        case .field("time"): .time
        case .field("pad"): .pad
        case .field("project"): .project
        case .field("channel"): .channel
        case .field("event"): .event
        case .field("payload"): .payload
        case .field(let other): .text(Array("{\(other)}".utf8))
        }
    }
}

/// Where a message goes.
struct MessageAddress: Equatable {
    var project: String
    var channel = "chat"
    var event = "message.new"
    /// Bytes of the payload, where it is not everybody's.
    var size: Int?

    /// Fills in a template that names one place, such as a Redis channel or a path.
    func fill(_ template: Template) -> String {
        template.filled { name in
            switch name {
            case "project": project
            case "channel": channel
            case "event": event
            default: "{\(name)}"
            }
        }
    }

    static let fields = ["project", "channel", "event"]
}

extension [UInt8] {
    /// Appends a number in decimal, without making a string of it.
    mutating func append(digits number: UInt64) {
        let start = count
        var rest = number
        repeat {
            append(UInt8(truncatingIfNeeded: rest % 10) + 0x30)
            rest /= 10
        } while rest > 0
        self[start...].reverse()
    }
}
