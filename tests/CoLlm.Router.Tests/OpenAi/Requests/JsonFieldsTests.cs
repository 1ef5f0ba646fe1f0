using System.Text.Json;
using CoLlm.Router.OpenAi.Requests;

namespace CoLlm.Router.Tests.OpenAi.Requests;

/// <summary>Reading a field costs what the field holds.</summary>
public sealed class JsonFieldsTests
{
    private const int Count = 10_000, Rounds = 8;

    [Fact]
    public void IdsOf_ManyIds_AllocatesTheirArrayAndNoNames()
    {
        using JsonDocument document = JsonDocument.Parse($"[{string.Join(',', Enumerable.Repeat(7, Count))}]");

        // The runtime may allocate on this thread for its own ends; not in every round.
        long least = long.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Equal(Count, JsonFields.IdsOf(document.RootElement, "prompt").Length);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.InRange(least, sizeof(int) * Count, (sizeof(int) * Count) + 4096);
    }
}
