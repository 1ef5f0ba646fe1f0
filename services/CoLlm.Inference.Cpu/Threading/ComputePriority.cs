using System.Runtime.InteropServices;

namespace CoLlm.Inference.Cpu.Threading;

/// <summary>
/// Puts compute threads behind the server's: a request that arrives while every core computes is then answered at once
/// instead of waiting for a scheduling slice.
/// </summary>
internal static partial class ComputePriority
{
    private const int PriorityOfThread = 0;
    private const int CallingThread = 0;
    private const int Niceness = 10;

    /// <summary>Lowers the calling thread for good: an unprivileged thread cannot be raised again.</summary>
    public static void LowerCurrentThread()
    {
        // On Linux, .NET ignores Thread.Priority; niceness is a property of the thread there, elsewhere of the process.
        if (OperatingSystem.IsLinux())
            _ = SetPriority(PriorityOfThread, CallingThread, Niceness);
        else
            Thread.CurrentThread.Priority = ThreadPriority.BelowNormal;
    }

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, int who, int priority);
}
