using System.Globalization;
using System.Security;
using System.Text;

namespace CoLlm.Evaluation.Reports;

/// <summary>Score against realised deferral rate: a line for each kind of system that ran at several rates, a point for every other.</summary>
internal static class SvgPlot
{
    private const double Width = 760;
    private const double Height = 460;
    private const double Left = 60;
    private const double Top = 20;
    private const double PlotWidth = 480;
    private const double PlotHeight = 380;

    private static readonly string[] Colors = ["#0b6bcb", "#c2410c", "#15803d", "#7e22ce", "#b91c1c", "#0f766e", "#a16207", "#475569"];

    public static string Of(EvaluationReport report)
    {
        StringBuilder svg = new();
        Add(svg, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" font-family=\"sans-serif\" font-size=\"12\">");
        Add(svg, $"<rect width=\"{Width}\" height=\"{Height}\" fill=\"white\"/>");
        AddAxes(svg);
        int index = 0;
        foreach (IGrouping<string, SystemSummary> series in report.Systems.GroupBy(Series))
        {
            AddSeries(svg, series.Key, [.. series.OrderBy(system => system.DeferralRate)], Colors[index % Colors.Length], index);
            index++;
        }

        return svg.Append("</svg>\n").ToString();
    }

    /// <summary>Systems at rates share their kind; every other system stands for itself.</summary>
    private static string Series(SystemSummary system) => system.Name.Contains('@', StringComparison.Ordinal) ? system.Kind : system.Name;

    private static void AddAxes(StringBuilder svg)
    {
        for (int tick = 0; tick <= 10; tick++)
        {
            (double x, double y) = (X(tick / 10.0), Y(tick / 10.0));
            Add(svg, $"<line x1=\"{Left}\" y1=\"{y:0.#}\" x2=\"{Left + PlotWidth}\" y2=\"{y:0.#}\" stroke=\"#e2e8f0\"/>");
            Add(svg, $"<text x=\"{Left - 8}\" y=\"{y + 4:0.#}\" text-anchor=\"end\">{tick * 10}</text>");
            Add(svg, $"<text x=\"{x:0.#}\" y=\"{Top + PlotHeight + 18}\" text-anchor=\"middle\">{tick * 10}</text>");
        }

        Add(svg, $"<rect x=\"{Left}\" y=\"{Top}\" width=\"{PlotWidth}\" height=\"{PlotHeight}\" fill=\"none\" stroke=\"#334155\"/>");
        Add(svg, $"<text x=\"{Left + (PlotWidth / 2)}\" y=\"{Height - 16}\" text-anchor=\"middle\">realised deferral rate, percent of tokens</text>");
        Add(svg, $"<text transform=\"translate(18 {Top + (PlotHeight / 2)}) rotate(-90)\" text-anchor=\"middle\">score, percent</text>");
    }

    private static void AddSeries(StringBuilder svg, string name, SystemSummary[] systems, string color, int index)
    {
        if (systems.Length > 1)
        {
            string points = string.Join(' ', systems.Select(system => string.Create(CultureInfo.InvariantCulture, $"{X(system.DeferralRate):0.#},{Y(system.All.Mean):0.#}")));
            Add(svg, $"<polyline points=\"{points}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"/>");
        }

        foreach (SystemSummary system in systems)
        {
            (double x, double y) = (X(system.DeferralRate), Y(system.All.Mean));
            Add(svg, $"<line x1=\"{x:0.#}\" y1=\"{Y(system.All.Interval.Low):0.#}\" x2=\"{x:0.#}\" y2=\"{Y(system.All.Interval.High):0.#}\" stroke=\"{color}\" stroke-opacity=\"0.5\"/>");
            Add(svg, $"<circle cx=\"{x:0.#}\" cy=\"{y:0.#}\" r=\"4\" fill=\"{color}\"><title>{SecurityElement.Escape(system.Name)}</title></circle>");
        }

        double legend = Top + 12 + (index * 18);
        Add(svg, $"<circle cx=\"{Left + PlotWidth + 18}\" cy=\"{legend - 4:0.#}\" r=\"4\" fill=\"{color}\"/>");
        Add(svg, $"<text x=\"{Left + PlotWidth + 30}\" y=\"{legend:0.#}\">{SecurityElement.Escape(name)}</text>");
    }

    private static double X(double rate) => Left + (rate * PlotWidth);

    private static double Y(double score) => Top + ((1 - score) * PlotHeight);

    private static void Add(StringBuilder svg, FormattableString element) => svg.Append(element.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
