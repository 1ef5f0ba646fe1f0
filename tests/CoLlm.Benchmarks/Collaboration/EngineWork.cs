using System.Globalization;
using CoLlm.Inference;

namespace CoLlm.Benchmarks.Collaboration;

/// <summary>What the engines of a process have done since it started.</summary>
/// <param name="Steps">Forward passes.</param>
/// <param name="Time">What they took together.</param>
internal readonly record struct EngineWork(long Steps, TimeSpan Time)
{
    public static EngineWork Of(IEnumerable<InferenceEngine?> engines)
    {
        EngineWork work = default;
        foreach (InferenceEngine engine in engines.OfType<InferenceEngine>())
        {
            EngineStatistics statistics = engine.GetStatistics();
            work = new EngineWork(work.Steps + statistics.Steps, work.Time + statistics.StepTime);
        }

        return work;
    }

    public static EngineWork Parse(string text)
    {
        string[] words = text.Split(' ');
        return new EngineWork(long.Parse(words[0], CultureInfo.InvariantCulture), TimeSpan.FromTicks(long.Parse(words[1], CultureInfo.InvariantCulture)));
    }

    public static EngineWork operator -(EngineWork later, EngineWork earlier) => new(later.Steps - earlier.Steps, later.Time - earlier.Time);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Steps} {Time.Ticks}");
}
