using CoLlm.Inference.Cpu.Kernels.MachineCode;
using CoLlm.Inference.Cpu.Kernels.Simd;

namespace CoLlm.Inference.Cpu.Kernels;

/// <summary>The tiles of one integer format, and how rows are quantised and packed for exactly these tiles.</summary>
internal sealed unsafe class IntegerKernels
{
    /// <summary>By number of rows, from 1: panel, packed rows, groups, output, its stride in floats, whether to continue from it.</summary>
    public required delegate*<byte*, int*, int, float*, long, bool, void>[] Tiles { get; init; }

    /// <summary>
    /// All tiles of a block of a panel: the block, its first group and number of groups, the packed rows, bytes of a packed row, the
    /// tiles, the output, its stride in floats. Null where there is nothing better than one tile after the other.
    /// </summary>
    public delegate*<byte*, int, int, byte*, long, RowTiles, float*, long, void> SharedBlock { get; init; }

    /// <summary>Packs one row: values, depth, the tile's first group, row in the tile, rows of the tile.</summary>
    public required delegate*<float*, int, int*, int, int, void> Quantize { get; init; }

    /// <summary>Integers that one row of a tile takes in a packed group.</summary>
    public required int InputInts { get; init; }

    /// <summary>The same for a row that is a tile alone.</summary>
    public required int SingleInputInts { get; init; }

    /// <summary>Most rows of a tile.</summary>
    public int MaxRows => Tiles.Length - 1;

    /// <summary>Integers that a group of a tile of so many rows takes.</summary>
    public int GroupInts(int rows) => rows == 1 ? SingleInputInts : rows * InputInts;

    public static IntegerKernels Int8<TSimd, TV, TI>()
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct => new()
        {
            Quantize = &ActivationQuantizer.ForInt8<TSimd, TV, TI>,
            InputInts = Int8Tile.InputInts,
            SingleInputInts = Int8Tile.InputInts,
            Tiles =
            [
                null,
                &Int8Tile.Run<TSimd, TV, TI, Rows1>,
                &Int8Tile.Run<TSimd, TV, TI, Rows2>,
                &Int8Tile.Run<TSimd, TV, TI, Rows3>,
                &Int8Tile.Run<TSimd, TV, TI, Rows4>,
                &Int8Tile.Run<TSimd, TV, TI, Rows5>,
                &Int8Tile.Run<TSimd, TV, TI, Rows6>,
            ],
        };

    public static IntegerKernels Int4<TSimd, TV, TI>()
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct => new()
        {
            Quantize = &ActivationQuantizer.ForInt4<TSimd, TV, TI>,
            InputInts = Int4Tile.InputInts,
            SingleInputInts = Int4Tile.InputInts,
            Tiles =
            [
                null,
                &Int4Tile.Run<TSimd, TV, TI, Rows1>,
                &Int4Tile.Run<TSimd, TV, TI, Rows2>,
                &Int4Tile.Run<TSimd, TV, TI, Rows3>,
                &Int4Tile.Run<TSimd, TV, TI, Rows4>,
                &Int4Tile.Run<TSimd, TV, TI, Rows5>,
                &Int4Tile.Run<TSimd, TV, TI, Rows6>,
            ],
        };

    /// <summary>Generated tiles from two rows on; a single row waits for memory alone, and the managed tile gets it a little faster.</summary>
    public static IntegerKernels Int8DotProducts<TSimd, TV, TI>()
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct => new()
        {
            Quantize = &ActivationQuantizer.ForInt8DotProducts<TSimd, TV, TI>,
            InputInts = Int4Tile.InputInts,
            SingleInputInts = Int8Tile.InputInts,
            Tiles =
            [
                null,
                &Int8Tile.Run<TSimd, TV, TI, Rows1>,
                &DotProductTile.Int8<Rows2>,
                &DotProductTile.Int8<Rows3>,
                &DotProductTile.Int8<Rows4>,
                &DotProductTile.Int8<Rows5>,
                &DotProductTile.Int8<Rows6>,
                &DotProductTile.Int8<Rows7>,
                &DotProductTile.Int8<Rows8>,
            ],
            SharedBlock = &DotProductTile.SharedInt8Block,
        };

    /// <summary>As <see cref="Int8DotProducts"/>.</summary>
    public static IntegerKernels Int4DotProducts<TSimd, TV, TI>()
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct => new()
        {
            Quantize = &ActivationQuantizer.ForInt4<TSimd, TV, TI>,
            InputInts = Int4Tile.InputInts,
            SingleInputInts = Int4Tile.InputInts,
            Tiles =
            [
                null,
                &Int4Tile.Run<TSimd, TV, TI, Rows1>,
                &DotProductTile.Int4<Rows2>,
                &DotProductTile.Int4<Rows3>,
                &DotProductTile.Int4<Rows4>,
                &DotProductTile.Int4<Rows5>,
                &DotProductTile.Int4<Rows6>,
                &DotProductTile.Int4<Rows7>,
                &DotProductTile.Int4<Rows8>,
            ],
            SharedBlock = &DotProductTile.SharedInt4Block,
        };
}
