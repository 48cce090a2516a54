/** The picture of the first table of the benchmark's page, or undefined while the page has none. */
export declare function plotOf(page: string): string | undefined;
