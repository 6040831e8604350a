import Logging
import NIOCore
import TributaryProtocol

/// What the sequencers say: encodes frames, and hands them to the event loops.
extension Intake: SequencerOutput {
    func pass(
        _ envelope: Envelope, _ data: UnsafeRawBufferPointer, id: EventID?, position: LogPosition?,
        of project: ProjectRoute, channel: Int
    ) {
        project.latest = .max(project.latest, id)
        guard project.hasListeners(of: channel) else { return measurements.noteDropped(.noListener) }
        touch(project)
        if envelope.traceparent != nil { noteTrace(of: envelope, id: id, in: project, channel: channel) }
        let audience: Audience = envelope.recipient.map { .user($0, channel: channel) } ?? .channel(channel)
        let conflation =
            id == nil
            ? conflationRules.conflation(of: envelope.event, in: channel, to: envelope.recipient, data: data) : nil
        project.builder.append(
            for: audience, id: id, at: position, conflation: conflation, published: envelope.timestamp ?? 0
        ) { buffer in
            let start = buffer.writerIndex
            ServerSentEventEncoder.encode(
                event: envelope.event, data: data, id: id, retry: envelope.retry, into: &buffer
            )
            if id == nil, project.snapshots.isAsking, channel == presenceChannel, envelope.recipient == nil {
                if let frame = buffer.viewBytes(at: start, length: buffer.writerIndex - start) {
                    project.snapshots.note(frame)
                }
            }
        }
    }

    /// Tells where an event is on its way, for whoever follows its trace.
    private func noteTrace(of envelope: Envelope, id: EventID?, in project: ProjectRoute, channel: Int) {
        guard traces.isRead, let trace = envelope.trace else { return }
        var metadata: Logger.Metadata = [
            "event": "\(envelope.event)", "channel": "\(catalog.channels[channel].name)", "project": "\(project.id)",
            "traceparent": "\(trace.rawValue)", "trace_id": "\(trace.traceID)", "span_id": "\(trace.spanID)",
        ]
        if let id { metadata["id"] = "\(id)" }
        traces.write("frame passed on", metadata)
    }

    func touch(_ project: ProjectRoute) {
        guard !project.isTouched else { return }
        project.isTouched = true
        touched.append(project)
    }

    func tellGap(_ reason: GapReason, missing: MissingIDs?, of project: ProjectRoute) {
        // What was passed on before stands before it.
        flush()
        let id = project.id
        logger.notice(
            "streams are told of a gap",
            metadata: ["project": "\(id)", "reason": "\(reason.rawValue)", "from": "\(missing?.from ?? 0)"]
        )
        let reset = reason == .logReset ? project.sequencer.timeline.epoch : nil
        // Ids of the log that is gone are from the future of the new one, or from another numbering.
        if reset != nil { project.latest = nil }
        for shard in shards where !project.listeners[shard.index].channels.isEmpty {
            shard.eventLoop.perform { shard.tellGap(reason, missing: missing, project: id, reset: reset) }
        }
    }

    func dropped(_ events: Int) { measurements.noteDropped(.heldTooLong, events: events) }

    func count(_ reason: String, of project: ProjectRoute, channel: Int) {
        rejections.count(reason, source: Topic(channel: catalog.channels[channel], project: project.id).name)
    }

    /// Counts an id that means nothing: an ephemeral event's would move the cursor of browsers past what they missed.
    func countIgnoredID(of envelope: Envelope, on route: Route) {
        guard envelope.placement == nil, envelope.id != nil || envelope.hasUnusableID else { return }
        if envelope.id == nil || !catalog.isDurable(envelope.event, in: route.channel) {
            countIgnoredID(on: route.topic)
        }
    }

    func countIgnoredID(on topic: Topic) { rejections.count("ignored_id", source: topic.name) }

    func flush() {
        guard !touched.isEmpty else { return }
        let projects = touched
        touched = []
        var batches = [[Batch]](repeating: [], count: shards.count)
        for project in projects {
            project.isTouched = false
            let segments = project.builder.seal()
            let channels = segments.reduce(into: ChannelSet()) { $0.formUnion($1.channels) }
            let epoch = project.sequencer.timeline.epoch
            let position = project.sequencer.timeline.position
            for shard in shards.indices where !project.listeners[shard].channels.isDisjoint(with: channels) {
                batches[shard].append(
                    Batch(
                        place: project.listeners[shard].place, segments: segments, epoch: epoch, position: position,
                        latest: project.latest
                    )
                )
            }
        }
        for (shard, batch) in zip(shards, batches) where !batch.isEmpty {
            shard.eventLoop.perform { shard.append(batch) }
        }
    }

    /// All that was asked for is known: the streams that waited for it begin.
    func settled(_ route: ProjectRoute) {
        guard let channels = route.sequencer.settledChannels else { return }
        for action in route.afterSettling { action() }
        route.afterSettling = []
        let project = route.id
        let epoch = route.sequencer.timeline.epoch
        let position = route.sequencer.timeline.position
        let latest = route.latest
        for shard in shards where !route.listeners[shard.index].channels.isDisjoint(with: channels) {
            let ready = route.listeners[shard.index].channels.intersection(channels)
            shard.eventLoop.perform { shard.settle(project, ready, epoch: epoch, position: position, latest: latest) }
        }
    }
}
