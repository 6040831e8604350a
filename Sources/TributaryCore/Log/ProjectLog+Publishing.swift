import struct NIOCore.ByteBuffer
import TributaryProtocol

extension ProjectLog {
    /// What an event comes to that is to be published now.
    package enum Plan: Sendable {
        /// It was published before.
        case duplicate(PublishReceipt)
        /// Hand it to the relay, then to ``take(_:)``.
        case publish(Publication)
    }

    /// Decides; changes nothing.
    ///
    /// - Throws: ``EventLogError``; ``Envelope/Rejection/tooLarge`` if the event is over the limit without what the log says
    ///   of its place, because no node would hear it.
    package func plan(_ event: Event, now: UInt64) throws -> Plan {
        let channel = try catalog.indexForLog(of: event.channel)
        var event = event
        event.channel = catalog.channels[channel]
        let key = event.clientMessageID.map {
            DedupeTable.Key(
                channel: channel, sender: event.sender, recipient: event.recipient, clientMessageID: $0)
        }
        if let key, let first = dedupe.first(key, now: now) {
            return .duplicate(PublishReceipt(id: first?.rawValue, duplicate: true))
        }
        var placement: Placement?
        if catalog.isDurable(event.name, in: channel) {
            switch place(event.id, in: channel, now: now) {
            case .append(let found): placement = found
            case .duplicate: return .duplicate(PublishReceipt(id: event.id?.rawValue, duplicate: true))
            case .ownerMismatch: throw EventLogError.ownerMismatch
            case .exhausted: throw EventLogError.refused("the project has no ids left below 2^53")
            }
        }
        let owner: Owner = event.id == nil ? .hub : .publisher
        event.id = placement?.id
        let envelope = Envelope.encode(event, timestamp: now / 1_000, placement: placement)
        guard envelope.readableBytes <= Envelope.maximumBytes || fits(event, placement, now: now) else {
            throw Envelope.Rejection.tooLarge
        }
        return .publish(
            Publication(
                channel: channel, topic: event.topic, envelope: envelope, placement: placement, dedupeKey: key,
                owner: owner, time: now
            )
        )
    }

    /// Whether an envelope that is over the limit is within it but for what the log says: the limit is the publisher's, and
    /// nodes leave room for the rest (``Envelope/maximumPlacementBytes``).
    private func fits(_ event: Event, _ placement: Placement?, now: UInt64) -> Bool {
        placement != nil && Envelope.encode(event, timestamp: now / 1_000).readableBytes <= Envelope.maximumBytes
    }

    /// Takes what ``plan(_:now:)`` gave just before.
    package mutating func take(_ publication: Publication) {
        if let key = publication.dedupeKey {
            dedupe.remember(key, id: publication.placement?.id, now: publication.time)
        }
        guard let placement = publication.placement else { return }
        append(
            LogEntry(
                channel: catalog.channels[publication.channel], id: placement.id, position: placement.position,
                envelope: publication.envelope, timestamp: publication.time / 1_000
            ),
            in: publication.channel, owner: publication.owner, now: publication.time
        )
    }

    /// Takes an event that its publisher sent through the relay alone.
    /// - Throws: ``EventLogError/refused(_:)`` for a channel that the catalog doesn't have.
    package mutating func record(_ event: HeardEvent, now: UInt64) throws -> RecordOutcome {
        let channel = try catalog.indexForLog(of: event.channel)
        switch place(event.id, in: channel, now: now) {
        case .append(let placement):
            append(
                LogEntry(
                    channel: catalog.channels[channel], id: event.id, position: placement.position,
                    envelope: event.envelope, timestamp: now / 1_000
                ),
                in: channel, owner: .publisher, now: now
            )
            noteBypass()
            return .appended(placement)
        case .duplicate(let position): return .duplicate(position, epoch: epoch)
        case .ownerMismatch: return .ownerMismatch
        case .exhausted: throw EventLogError.refused("the project has no ids left below 2^53")
        }
    }
}
