// Wall-clock times between the API's texts and the app's numbers: milliseconds, read as UTC.

/** As the API takes a wall-clock time. */
export const wallText = (wall: number): string => new Date(wall).toISOString().slice(0, -1);
/** The first moment of a day, `2024-05-01`; what comes after the day is passed over. */
export const dayStart = (text: string): number => Date.parse(`${text.slice(0, 10)}T00:00:00Z`);
/** The wall clock that an RFC 3339 text shows, whatever its offset. */
export const wallOf = (text: string): number => Date.parse(`${text.replace(/(Z|[+-]\d\d:\d\d)$/, "")}Z`);
