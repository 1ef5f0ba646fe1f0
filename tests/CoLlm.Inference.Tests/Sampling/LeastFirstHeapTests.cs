using CoLlm.Inference.Sampling;

namespace CoLlm.Inference.Tests.Sampling;

public sealed class LeastFirstHeapTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(64)]
    public void ReplaceLeast_WhereverAKeyIsLarger_KeepsTheLargestOfAll(int kept)
    {
        Random random = new(kept);
        ulong[] keys = [.. Enumerable.Range(0, 500).Select(_ => (ulong)random.Next(200))];
        ulong[] heap = keys[..kept];
        LeastFirstHeap.Build(heap);
        foreach (ulong key in keys[kept..])
        {
            Assert.Equal(heap.Min(), heap[0]);
            if (key > heap[0])
                LeastFirstHeap.ReplaceLeast(heap, key);
        }

        Assert.Equal(keys.Order().TakeLast(kept), heap.Order());
    }
}
