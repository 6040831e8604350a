// swift-tools-version: 6.2

import PackageDescription

// A package of its own, so that nobody who builds the hub builds what measures it.
let package = Package(
    name: "tributary-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "tributary", path: "../.."),
        // Without its traits: they want packages that count allocations.
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
    ],
    targets: [
        .executableTarget(
            name: "HotPath",
            dependencies: [
                .product(name: "Benchmark", package: "benchmark"),
                .product(name: "TributaryWorkloads", package: "tributary"),
            ],
            path: "Benchmarks/HotPath",
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]
        )
    ],
    swiftLanguageModes: [.v6]
)
