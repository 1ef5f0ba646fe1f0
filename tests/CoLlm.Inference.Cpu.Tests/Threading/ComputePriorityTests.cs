using System.Globalization;
using CoLlm.Inference.Cpu.Threading;

namespace CoLlm.Inference.Cpu.Tests.Threading;

public sealed class ComputePriorityTests
{
    [Fact]
    public void LowerCurrentThread_OnLinux_MakesThisThreadNicerAndNoOther()
    {
        if (!OperatingSystem.IsLinux())
            return;
        int before = Niceness();
        int lowered = 0;
        Thread thread = new(() =>
        {
            ComputePriority.LowerCurrentThread();
            lowered = Niceness();
        });
        thread.Start();
        thread.Join();

        Assert.True(lowered > before || before == 19, $"The thread's niceness was {before} and is {lowered}.");
        Assert.Equal(before, Niceness());
    }

    /// <summary>The nineteenth field, counted from behind the name in brackets, which may hold anything.</summary>
    private static int Niceness()
    {
        string status = File.ReadAllText("/proc/thread-self/stat");
        string[] fields = status[(status.LastIndexOf(')') + 2)..].Split(' ');
        return int.Parse(fields[16], CultureInfo.InvariantCulture);
    }
}
