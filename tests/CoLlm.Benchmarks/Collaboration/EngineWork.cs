using System.Globalization;
using CoLlm.Inference;

namespace CoLlm.Benchmarks.Collaboration;

/// <summary>What the engines of a process have done since it started.</summary>
/// <param name="Steps">Forward passes.</param>
/// <param name="Rows">Tokens that they computed.</param>
/// <param name="Time">What they took together.</param>
internal readonly record struct EngineWork(long Steps, long Rows, TimeSpan Time)
{
    public static EngineWork Of(IEnumerable<InferenceEngine?> engines)
    {
        EngineWork work = default;
        foreach (InferenceEngine engine in engines.OfType<InferenceEngine>())
        {
            EngineStatistics statistics = engine.GetStatistics();
            work = new EngineWork(work.Steps + statistics.Steps, work.Rows + statistics.Rows, work.Time + statistics.StepTime);
        }

        return work;
    }

    public static EngineWork Parse(string text)
    {
        string[] words = text.Split(' ');
        return new EngineWork(Number(words[0]), Number(words[1]), TimeSpan.FromTicks(Number(words[2])));
    }

    public static EngineWork operator -(EngineWork later, EngineWork earlier) => new(later.Steps - earlier.Steps, later.Rows - earlier.Rows, later.Time - earlier.Time);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Steps} {Rows} {Time.Ticks}");

    private static long Number(string word) => long.Parse(word, CultureInfo.InvariantCulture);
}
