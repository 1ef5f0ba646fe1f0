using FsCheck;

namespace CoLlm.Grpc.Tests;

/// <summary>Checks properties on the same cases every time.</summary>
internal static class Seeded
{
    public static void Check(Property property) =>
        FsCheck.Check.One(Config.QuickThrowOnFailure.WithReplay(0x5EED, 0xC011), property);
}
